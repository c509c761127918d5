import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { EventQueue } from '../fixtures/event-queue.ts'

/** A script in its own process, with the lines that it prints. */
export type ScriptProcess = AsyncDisposable &
  Readonly<{ lines: EventQueue<string>; errorLines: EventQueue<string> }>

/** Runs a script with this version of Node.js. Disposing kills the process. */
export function runScript(file: string, env: Readonly<Record<string, string>>): ScriptProcess {
  const child = spawn(process.execPath, [file], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [lines, errorLines] = [new EventQueue<string>(), new EventQueue<string>()]
  createInterface(child.stdout).on('line', (line) => lines.push(line))
  createInterface(child.stderr).on('line', (line) => errorLines.push(line))
  const ended = once(child, 'exit')
  return {
    lines,
    errorLines: errorLines,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await ended
    },
  }
}
