import type { Import } from './imports.ts'

/** An import that closes a circle, and the files around it, the first one again at the end. */
export type Cycle = readonly [closing: Import, path: readonly string[]]

/**
 * At least one cycle wherever there are some, among imports that exist when files are loaded: types are stripped,
 * and `import()` happens later. Depth first; an import of a file that is being visited closes a circle.
 */
export function cyclesIn(imports: readonly Import[]): readonly Cycle[] {
  const loaded = imports.filter(({ isOurs, isType, isDynamic }) => isOurs && !isType && !isDynamic)
  const importsByFile = Map.groupBy(loaded, ({ file }) => file)
  const done = new Set<string>()
  const cycles: Cycle[] = []

  function visit(file: string, path: readonly string[]): void {
    if (done.has(file)) return
    for (const imported of importsByFile.get(file) ?? []) {
      const start = path.indexOf(imported.target)
      if (start === -1) visit(imported.target, [...path, imported.target])
      else cycles.push([imported, [...path.slice(start), imported.target]])
    }
    done.add(file)
  }

  for (const file of importsByFile.keys()) visit(file, [file])
  return cycles
}
