#!/usr/bin/env node
// Plain JavaScript, and old enough in its ways for every Node.js that a machine may have: it is what tells people
// that theirs is too old, or does without it.
import { spawn } from 'child_process'
import { readFileSync } from 'fs'
import * as modules from 'module'
import { dirname, join } from 'path'
import { fileURLToPath } from 'url'

const here = fileURLToPath(import.meta.url)
const root = dirname(dirname(here))
const args = process.argv.slice(2)

const LINGER_MS = 2000
/** By then whatever a verb needs is loaded. */
const LOADED_MS = 5000

const MEND =
  'Install a newer one; on Linux, "npm ci" without --omit=optional brings one along for this project alone.'

/** "24.3" of ">=24.3", as package.json has it. */
function neededVersion() {
  const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  return engines.node.replace(/^>=/, '')
}

function isNewEnough(version) {
  const [major, minor] = version.split('.').map(Number)
  const [neededMajor, neededMinor = 0] = neededVersion().split('.').map(Number)
  return major > neededMajor || (major === neededMajor && minor >= neededMinor)
}

/** The Node.js that came along as an optional dependency; undefined where there is none for this machine. */
function packagedNode() {
  const name = `node-${process.platform}-${process.arch}/package.json`
  try {
    const file = modules.createRequire(import.meta.url).resolve(name)
    const { version } = JSON.parse(readFileSync(file, 'utf8'))
    return isNewEnough(version) ? join(dirname(file), 'bin', 'node') : undefined
  } catch (error) {
    if (error.code === 'MODULE_NOT_FOUND') return undefined
    throw error
  }
}

function fail(sentence) {
  process.stderr.write(`${sentence}\n`)
  process.exitCode = 1
}

/** Half of a start is compiling what was compiled at the last one. Where nothing can be written, it is so every time. */
function keepCompiled() {
  modules.enableCompileCache(join(root, 'node_modules', '.cache', 'parley'))
  setTimeout(modules.flushCompileCache, LOADED_MS).unref()
}

async function runHere() {
  keepCompiled()
  const { main } = await import('../src/cli/cli.ts')
  process.exitCode = await main(args, {
    env: process.env,
    print: (line) => process.stdout.write(`${line}\n`),
    notice: (line) => process.stderr.write(`${line}\n`),
    isTerminal: process.stdout.isTTY === true,
  })
  // Nothing should be left that keeps this process; if something is, it does not keep it for longer than this.
  setTimeout(() => process.exit(), LINGER_MS).unref()
}

/**
 * A signal that a program sends reaches this process alone and is passed on. Ctrl-C in a terminal reaches every
 * process that runs in it, so the other one has it already, and a second one would cut its orderly stop short.
 * Listening comes first: between a start and a listener, a signal would end this process alone.
 */
function runIn(node) {
  const isInTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      if (signal === 'SIGTERM' || !isInTerminal) child.kill(signal)
    })
  }
  const child = spawn(node, [here, ...args], { stdio: 'inherit' })
  child.on('error', (error) => fail(`${node} can't be run: ${error.message}`))
  child.on('exit', exitLike)
}

function exitLike(code, signal) {
  if (signal === null) process.exit(code)
  process.removeAllListeners(signal)
  process.kill(process.pid, signal)
}

function run() {
  const node = isNewEnough(process.versions.node) ? undefined : packagedNode()
  if (isNewEnough(process.versions.node)) runHere().catch((error) => fail(error.message))
  else if (node !== undefined) runIn(node)
  else fail(`Parley needs Node.js ${neededVersion()} or newer, and this is ${process.versions.node}. ${MEND}`)
}

run()
