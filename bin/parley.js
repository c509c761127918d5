#!/usr/bin/env node
// Plain JavaScript with no recent syntax, because any Node.js may run it: it starts a newer one, or says that this one
// is too old.
import { spawn } from 'child_process'
import { existsSync, readFileSync } from 'fs'
import * as modules from 'module'
import { dirname, join } from 'path'
import { fileURLToPath } from 'url'
import { onParentEnd } from './npm-parent.js'

const here = fileURLToPath(import.meta.url)
const root = dirname(dirname(here))
const args = process.argv.slice(2)

const EXIT_TIMEOUT_MS = 2000
/** By then everything that a command needs is loaded. */
const LOADED_MS = 5000

const HINT =
  'Install a newer one. On Linux, npm also installs one for Parley alone, unless optional dependencies are omitted.'

/** Returns "24.3" for the ">=24.3" in package.json. */
function neededVersion() {
  const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  return engines.node.replace(/^>=/, '')
}

function isNewEnough(version) {
  const [major, minor] = version.split('.').map(Number)
  const [neededMajor, neededMinor = 0] = neededVersion().split('.').map(Number)
  return major > neededMajor || (major === neededMajor && minor >= neededMinor)
}

/** Returns the path of the Node.js that npm installed as an optional dependency, if there is one for this machine. */
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

/** Compiling takes half of a start, so its result is kept for the next one if the folder is writable. */
function cacheCompiledCode() {
  modules.enableCompileCache(join(root, 'node_modules', '.cache', 'parley'))
  setTimeout(() => modules.flushCompileCache(), LOADED_MS).unref()
}

/** The repository runs from src. The package has only dist, because Node.js strips no types in node_modules. */
function entryPoint() {
  const source = join(root, 'src', 'cli', 'cli.ts')
  return existsSync(source) ? '../src/cli/cli.ts' : '../dist/cli/cli.js'
}

async function runHere() {
  cacheCompiledCode()
  const parentEnd = new AbortController()
  onParentEnd(() => parentEnd.abort())
  const { main } = await import(entryPoint())
  process.exitCode = await main(args, {
    env: process.env,
    print: (line) => process.stdout.write(`${line}\n`),
    notice: (line) => process.stderr.write(`${line}\n`),
    isTerminal: process.stdout.isTTY === true,
    parentEnd: parentEnd.signal,
    // A parent process with a channel, such as `npm run dev`, learns when the gateway is ready.
    onReady: process.send && ((url) => process.send({ type: 'ready', url })),
  })
  // Nothing should keep this process alive any more. If something does, end it.
  setTimeout(() => process.exit(), EXIT_TIMEOUT_MS).unref()
}

/**
 * Runs the command in another Node.js, and forwards signals that a program sends to this process alone. Ctrl-C in a
 * terminal reaches both processes, and forwarding it again would end the orderly stop. Listeners come first: a signal
 * between the start and a listener would end this process alone.
 */
function runIn(node) {
  const isInTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY
  let isStopping = false
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      isStopping = true
      if (signal === 'SIGTERM' || !isInTerminal) child.kill(signal)
    })
  }
  const child = spawn(node, [here, ...args], { stdio: 'inherit' })
  child.on('error', (error) => fail(`${node} can't be run: ${error.message}`))
  child.on('exit', exitLike)
  onParentEnd(() => isStopping || child.kill('SIGTERM'))
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
  else fail(`Parley needs Node.js ${neededVersion()} or newer, and this is ${process.versions.node}. ${HINT}`)
}

run()
