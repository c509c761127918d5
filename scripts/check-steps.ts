type Scripts = Readonly<Record<string, string>>

/** The scripts that `npm run check` runs. The other ones need the generated code, so `generate` is the first. */
export function checkSteps(scripts: Scripts): readonly string[] {
  return ['generate', ...Object.keys(scripts).filter((name) => name.startsWith('check:'))]
}

/** The names after `npm run` in these scripts that are not scripts. npm reports none with `--silent`. */
export function missingScripts(scripts: Scripts): readonly string[] {
  const named = Object.values(scripts).flatMap((command) =>
    [...command.matchAll(/\bnpm run (?:-\S+ )*([\w:-]+)/g)].map(([, name = '']) => name),
  )
  return named.filter((name) => !Object.hasOwn(scripts, name))
}
