import { glob, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { violationsIn } from './import-rules.ts'

// Which rooms may know of which: the rules stand in import-rules.ts. Prints each line that breaks one.
const src = join(import.meta.dirname, '..', 'src')
const tree = new Map<string, string>()
for await (const file of glob('**/*.ts', { cwd: src, exclude: ['store/generated'] })) {
  tree.set(file.replaceAll('\\', '/'), await readFile(join(src, file), 'utf8'))
}

const violations = violationsIn(tree)
for (const { file, line, rule, found } of violations) {
  process.stderr.write(`src/${file}:${line} imports ${found}\n  ${rule}\n`)
}
if (violations.length > 0) process.exitCode = 1
else process.stdout.write(`${tree.size} files keep the import rules.\n`)
