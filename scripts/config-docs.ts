import { readFile, writeFile } from 'node:fs/promises'
import { format, resolveConfig } from 'prettier'
import { THEMES, VARIABLES } from '../src/config/variables.ts'

// `npm run docs:config` writes docs/configuration.md from the descriptions in src/config/variables.ts. With --check
// it only reports whether the file is up to date.
const FILE = new URL('../docs/configuration.md', import.meta.url)

const INTRODUCTION = `# Configuration

Parley reads environment variables. \`npx parley --help\` prints them, and \`npx parley check-config\` prints the effective
configuration without secrets. An empty variable counts as not set. Do not log or share the values marked with *secret*.

This file is generated from \`src/config/variables.ts\` by \`npm run docs:config\`.
`

/** The text of docs/configuration.md. */
export async function configurationDocument(): Promise<string> {
  const sections = THEMES.map((theme) => `## ${theme}\n\n${tableOf(theme)}`)
  const options = await resolveConfig(FILE)
  return format([INTRODUCTION, ...sections].join('\n'), { ...options, parser: 'markdown' })
}

function tableOf(theme: string): string {
  const rows = VARIABLES.filter((variable) => variable.theme === theme).map((variable) => {
    const secret = variable.isSecret ? ' (*secret*)' : ''
    return `| \`${variable.name}\`${secret} | ${variable.meaning} | ${variable.values} | ${variable.default} |`
  })
  return ['| variable | meaning | values | default |', '| --- | --- | --- | --- |', ...rows, ''].join('\n')
}

if (import.meta.main) {
  const document = await configurationDocument()
  if (!process.argv.includes('--check')) {
    await writeFile(FILE, document)
  } else if ((await readFile(FILE, 'utf8').catch(() => '')) !== document) {
    console.error('docs/configuration.md is out of date. Run "npm run docs:config" and commit the file.')
    process.exitCode = 1
  }
}
