import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { baseImageProblems, lockFileProblems, type LockFile } from './supply-chain.ts'

// npm run check:supply-chain: licences, hashes and install scripts of all packages, and the base image.

const root = join(import.meta.dirname, '..')
const read = (file: string): string => readFileSync(join(root, file), 'utf8')
const { allowScripts } = JSON.parse(read('package.json')) as {
  allowScripts: Readonly<Record<string, boolean>>
}

const problems = [
  ...lockFileProblems(JSON.parse(read('package-lock.json')) as LockFile, allowScripts),
  ...baseImageProblems(read('Dockerfile')),
]
for (const problem of problems) console.error(problem)
if (problems.length === 0)
  console.log('Licences, hashes, install scripts and the base image are as expected.')
else process.exitCode = 1
