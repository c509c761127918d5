import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { EventQueue } from '../fixtures/event-queue.ts'

/** Another program that runs, and what it prints. */
export type ScriptProcess = AsyncDisposable &
  Readonly<{ lines: EventQueue<string>; errorLines: EventQueue<string> }>

/** Runs a script by this Node.js; disposing it ends the program. */
export function runScript(file: string, env: Readonly<Record<string, string>>): ScriptProcess {
  const child = spawn(process.execPath, [file], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [lines, complaints] = [new EventQueue<string>(), new EventQueue<string>()]
  createInterface(child.stdout).on('line', (line) => lines.push(line))
  createInterface(child.stderr).on('line', (line) => complaints.push(line))
  const ended = once(child, 'exit')
  return {
    lines,
    errorLines: complaints,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await ended
    },
  }
}
