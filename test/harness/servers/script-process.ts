import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { EventQueue } from '../fixtures/event-queue.ts'

/** A script in its own process, with the lines that it prints. */
export type ScriptProcess = AsyncDisposable &
  Readonly<{
    lines: EventQueue<string>
    errorLines: EventQueue<string>
    /** Writes a line to the standard input of the script. */
    enter(line: string): void
    isAlive(): boolean
    /** Resolves when the process has ended, with its exit code or the signal that ended it. */
    ended: Promise<Readonly<{ code: number | null; signal: string | null }>>
  }>

/** Runs a script with this version of Node.js, and with further arguments. Disposing kills the process. */
export function runScript(
  file: string,
  env: Readonly<Record<string, string>>,
  ...args: readonly string[]
): ScriptProcess {
  // Programs may import the packages of this repository.
  const child = spawn(process.execPath, ['--import', './scripts/workspace-packages.ts', file, ...args], {
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const [lines, errorLines] = [new EventQueue<string>(), new EventQueue<string>()]
  createInterface(child.stdout).on('line', (line) => lines.push(line))
  createInterface(child.stderr).on('line', (line) => errorLines.push(line))
  const ended = once(child, 'exit').then(([code, signal]) => ({
    code: code as number | null,
    signal: signal as string | null,
  }))
  return {
    lines,
    errorLines,
    enter: (line) => child.stdin.write(`${line}\n`),
    isAlive: () => child.exitCode === null && child.signalCode === null,
    ended,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await ended
    },
  }
}
