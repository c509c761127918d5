import { join } from 'node:path'
import { findViolations } from './import-rules.ts'

const violations = await findViolations(join(import.meta.dirname, '..'))
for (const { rule, from, to, why } of violations)
  process.stderr.write(`${from} imports ${to}\n  ${rule}: ${why}\n`)
if (violations.length > 0) process.exitCode = 1
else process.stdout.write('All imports keep the rules of scripts/import-rules.ts.\n')
