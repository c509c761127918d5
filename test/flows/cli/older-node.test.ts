import { once } from 'node:events'
import { chmod, copyFile, mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { PARLEY, run, start, temporaryFolder } from './program.ts'

/** Installs the program with a requirement that no Node.js meets. */
async function install(root: string): Promise<string> {
  const program = join(root, 'bin', 'parley.js')
  await mkdir(join(root, 'bin'))
  await copyFile(PARLEY, program)
  await copyFile(join(dirname(PARLEY), 'npm-parent.js'), join(root, 'bin', 'npm-parent.js'))
  await writeFile(join(root, 'package.json'), '{ "type": "module", "engines": { "node": ">=99.2" } }')
  return program
}

/** Installs a packaged Node.js of that version, which is a shell script. */
async function bringNode(root: string, version: string, script: string): Promise<void> {
  const folder = join(root, 'node_modules', `node-${process.platform}-${process.arch}`)
  const node = join(folder, 'bin', 'node')
  await mkdir(join(folder, 'bin'), { recursive: true })
  await writeFile(join(folder, 'package.json'), JSON.stringify({ version }))
  await writeFile(node, `#!/bin/sh\n${script}\n`)
  await chmod(node, 0o755)
}

test('says which Node.js it needs, and how to install it', async () => {
  await using folder = await temporaryFolder()
  const program = await install(folder.path)
  const { code, stdout, stderr } = await run(['token', 'alice'], { cwd: folder.path, program })
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(stderr).toContain(
    `Parley needs Node.js 99.2 or newer, and this is ${process.versions.node}. Install a newer one`,
  )
})

test('ignores a packaged Node.js that is too old', async () => {
  await using folder = await temporaryFolder()
  const program = await install(folder.path)
  await bringNode(folder.path, '99.1.9', 'exit 0')
  expect(await run(['token', 'alice'], { cwd: folder.path, program })).toMatchObject({ code: 1, stdout: '' })
})

test('runs the command with the packaged Node.js and returns its exit code', async () => {
  await using folder = await temporaryFolder()
  const program = await install(folder.path)
  await bringNode(folder.path, '99.2.0', 'shift; echo "$@"; exit 7')
  const ended = await run(['token', 'alice', '--for', '1h'], { cwd: folder.path, program })
  expect(ended).toEqual({ code: 7, stdout: 'token alice --for 1h\n', stderr: '' })
})

test.each(['SIGTERM', 'SIGINT'] as const)(
  'forwards %s to the packaged Node.js once, and waits for its end',
  async (signal) => {
    await using folder = await temporaryFolder()
    const program = await install(folder.path)
    const trap = `trap 'echo stopping; echo stopped; exit 3' ${signal.slice(3)}; echo ready; while :; do sleep 0.05; done`
    await bringNode(folder.path, '99.2.0', trap)
    const child = start(['serve'], { cwd: folder.path, program })
    const ended = once(child, 'close')
    onTestFinished(() => void child.kill('SIGTERM'))
    let output = ''
    for await (const chunk of child.stdout ?? []) {
      output += String(chunk)
      if (output === 'ready\n') child.kill(signal)
    }
    expect(await ended).toEqual([3, null])
    expect(output).toBe('ready\nstopping\nstopped\n')
  },
)

test('ends with the same signal as the packaged Node.js', async () => {
  await using folder = await temporaryFolder()
  const program = await install(folder.path)
  await bringNode(folder.path, '99.2.0', 'kill -TERM $$')
  const child = start(['serve'], { cwd: folder.path, program })
  expect(await once(child, 'exit')).toEqual([null, 'SIGTERM'])
})
