import { join } from 'node:path'
import { findViolations } from './import-rules.ts'

/** Violations that are being fixed, as `from → to`. */
const KNOWN: readonly string[] = ['src/chats/chats.ts → src/users/users.ts']

const violations = await findViolations(join(import.meta.dirname, '..'))
const unknown = violations.filter(({ from, to }) => !KNOWN.includes(`${from} → ${to}`))
for (const { rule, from, to, why } of unknown)
  process.stderr.write(`${from} imports ${to}\n  ${rule}: ${why}\n`)
if (unknown.length > 0) process.exitCode = 1
else process.stdout.write('All imports keep the rules of scripts/import-rules.ts.\n')
