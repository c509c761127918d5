import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import { baseImageOf, withDigest } from './supply-chain.ts'

// npm run base-image: compares the base image of the Dockerfile with the registry. Needs docker with buildx.
// With --write, fixes its content to what the tag names today. Releases do that.

const FILE = join(import.meta.dirname, '..', 'Dockerfile')

const { write = false } = new Command('npm run base-image --')
  .description('Shows whether the Dockerfile names the present content of its base image, by digest.')
  .option('-w, --write', 'write the digest into the Dockerfile')
  .parse()
  .opts<{ write?: boolean }>()

const dockerfile = readFileSync(FILE, 'utf8')
const { tag, digest } = baseImageOf(dockerfile)
const args = ['buildx', 'imagetools', 'inspect', tag, '--format', '{{.Manifest.Digest}}']
const current = execFileSync('docker', args, { encoding: 'utf8' }).trim()
if (write) writeFileSync(FILE, withDigest(dockerfile, current))
if (write || digest === current) {
  console.log(`${tag} is ${current}.`)
} else {
  console.error(
    `${tag} is ${current} today; the Dockerfile names ${digest ?? 'no digest'}. Use --write to change it.`,
  )
  process.exitCode = 1
}
