/** The part of package-lock.json that the check reads. */
export type LockFile = Readonly<{ packages: Readonly<Record<string, LockedPackage>> }>

export type LockedPackage = Readonly<{
  license?: string
  link?: boolean
  integrity?: string
  resolved?: string
  hasInstallScript?: boolean
}>

/** Licences that need nothing from operators but the notice. */
const ALLOWED = new Set([
  'MIT',
  'Apache-2.0',
  'ISC',
  'BSD-2-Clause',
  'BSD-3-Clause',
  '0BSD',
  'Zlib',
  'BlueOak-1.0.0',
  'Unlicense',
])

/** Other packages, by the start of their name, with the reason why they are allowed. */
const EXCEPTIONS: readonly (readonly [prefix: string, reason: string])[] = [
  ['@img/sharp-', 'LGPL-3.0: libvips, unchanged and linked dynamically'],
  ['lightningcss', 'MPL-2.0: builds the web app, unchanged'],
  ['axe-core', 'MPL-2.0: tests the web app, unchanged'],
  ['web-push', 'MPL-2.0: encrypts push messages, unchanged'],
  ['elkjs', 'EPL-2.0: belongs to the Prisma CLI, which the image does not have'],
  ['busboy', 'MIT, in the old field "licenses"'],
  ['dicer', 'MIT, in the old field "licenses"'],
  ['streamsearch', 'MIT, in the old field "licenses"'],
  ['seq-queue', 'MIT, in its file LICENSE'],
  ['combine-errors', 'names none; a dependency of development alone'],
  ['humanize-number', 'MIT, in its readme'],
  ['only', 'MIT, in its readme; a dependency of development alone'],
]

/** Returns the problems of the lock file. `allowScripts` names the packages whose install scripts were reviewed. */
export function lockFileProblems(
  { packages }: LockFile,
  allowScripts: Readonly<Record<string, boolean>>,
): readonly string[] {
  return Object.entries(packages)
    .filter(([path, { link }]) => path.includes('node_modules/') && link !== true)
    .flatMap(([path, locked]) => {
      const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)
      return [...packageProblems(name, locked, allowScripts)].map((problem) => `${path}: ${problem}`)
    })
}

function* packageProblems(
  name: string,
  { license, integrity, resolved, hasInstallScript }: LockedPackage,
  allowScripts: Readonly<Record<string, boolean>>,
): Iterable<string> {
  if (!isAllowed(license) && !EXCEPTIONS.some(([prefix]) => name.startsWith(prefix))) {
    yield `its licence (${license ?? 'none named'}) is not on the list of scripts/supply-chain.ts`
  }
  if (integrity === undefined) yield 'the lock file has no hash of it'
  if (resolved !== undefined) yield 'the lock file names a registry host'
  if (hasInstallScript === true && !(name in allowScripts)) {
    yield 'it has an install script that was not reviewed. Name it in allowScripts of package.json'
  }
}

/** Every part of an expression must be allowed. */
function isAllowed(license: string | undefined): boolean {
  const parts = license?.replaceAll(/[()]/g, '').split(/ and /i) ?? []
  return parts.length > 0 && parts.every((part) => ALLOWED.has(part))
}

const BASE_IMAGE = /^ARG NODE_IMAGE=node:\d+(?:\.\d+){0,2}-bookworm-slim(?:@sha256:[0-9a-f]{64})?$/m

const BASE_LINE = /^ARG NODE_IMAGE=(?<tag>[^@\s]+)(?:@(?<digest>\S+))?$/m

/** The base image of the Dockerfile: the tag, and the digest of its content if that is fixed. */
export function baseImageOf(dockerfile: string): Readonly<{ tag: string; digest: string | undefined }> {
  const { tag, digest } = BASE_LINE.exec(dockerfile)?.groups ?? {}
  if (tag === undefined) throw new Error('The Dockerfile has no line "ARG NODE_IMAGE=…". Add it.')
  return { tag, digest }
}

/** Returns the Dockerfile with the base image fixed to this content. */
export function withDigest(dockerfile: string, digest: string): string {
  if (!/^sha256:[0-9a-f]{64}$/.test(digest)) throw new Error(`"${digest}" is not a digest of an image.`)
  return dockerfile.replace(BASE_LINE, `ARG NODE_IMAGE=${baseImageOf(dockerfile).tag}@${digest}`)
}

/** Returns the problems of the Dockerfile's base image. */
export function baseImageProblems(dockerfile: string): readonly string[] {
  const stages = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, image]) => image)
  return [
    ...(BASE_IMAGE.test(dockerfile)
      ? []
      : ['NODE_IMAGE must be node:<version>-bookworm-slim, or that with @sha256:…']),
    ...stages
      .filter((image) => image !== '${NODE_IMAGE}')
      .map((image) => `FROM ${image}: use \${NODE_IMAGE}`),
  ]
}
