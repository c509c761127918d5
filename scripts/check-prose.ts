// Fails if names, comments, texts or documents break the rules of plain language, or if a document has a broken link.
// `--report` prints figures per document and counts per folder as well.
import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { brokenLinks, missingPaths } from './document-links.ts'
import { documentProblems, sentenceFigures } from './prose-documents.ts'
import { bannedWords, clausesAsSubjects, longCommentLines, type ProseProblem } from './prose-rules.ts'

const root = join(import.meta.dirname, '..')

const FOLDERS = '{.github,apps,bench,bin,deploy,docs,examples,packages,prisma,scripts,src,test}'
const TEXT = '{conf,css,example,graphql,html,js,json,md,mjs,prisma,sh,ts,tsx,yaml,yml}'
const FILES = [`${FOLDERS}/**/*.${TEXT}`, '*.{md,json,js,ts,yaml,yml}', 'Dockerfile', '.oxlintrc.json']

// Written by programs. Their texts are checked in the programs.
const GENERATED = [
  /(^|\/)(?:node_modules|dist|coverage|\.parley)\//,
  /^src\/store\/generated\//,
  /^bench\/peers\/hand-written\/src\/store\/generated\//,
  /(^|\/)package-lock\.json$/,
  /^docs\/api\//,
]

// The words of the public contract are fixed.
const FIXED = ['test/contract/api/promised.graphql']

// Files that explain the rules, and so quote what they forbid.
const EXPLANATIONS = [
  'docs/glossary.md',
  'scripts/check-prose.ts',
  'scripts/prose-rules.ts',
  'test/unit/scripts/check-prose.test.ts',
  'test/unit/scripts/check-prose-documents.test.ts',
]
// Words that are quotes of other people's text, by file: the name of a Unix account, and the public contract.
const QUOTES = new Map([
  ['src/store/embedded/account.ts', ['nobody']],
  ['src/api/descriptions.ts', ['whom']],
])

const files = globSync(FILES, { cwd: root, exclude: ['**/node_modules/**'] })
  .map((file) => file.replaceAll('\\', '/'))
  .filter((file) => !GENERATED.some((pattern) => pattern.test(file)) && !FIXED.includes(file))
const texts = new Map(
  [...new Set(files)].toSorted().map((file) => [file, readFileSync(join(root, file), 'utf8')]),
)
const targets = {
  exists: (path: string) => existsSync(join(root, path)),
  markdown: (path: string) => (path.endsWith('.md') ? readFileSync(join(root, path), 'utf8') : undefined),
}

const problems = [...texts].flatMap(([file, text]): readonly ProseProblem[] => {
  const isExplanation = EXPLANATIONS.includes(file)
  const quotes = QUOTES.get(file)?.map((word) => `"${word}"`) ?? []
  const words = isExplanation ? [] : bannedWords(file, text).filter(({ found }) => !quotes.includes(found))
  if (file.endsWith('.md')) {
    return [
      ...words,
      ...documentProblems(file, text),
      ...brokenLinks(file, text, targets),
      ...missingPaths(file, text, targets),
    ]
  }
  if (file.endsWith('.json') || isExplanation) return words
  return [...words, ...longCommentLines(file, text), ...clausesAsSubjects(file, text)]
})

for (const { file, line, found } of problems) console.error(`${file}:${line} ${found}`)
if (process.argv.includes('--report')) report()
if (problems.length > 0) process.exitCode = 1
else console.log(`${texts.size} files keep the rules of plain language.`)

function report(): void {
  console.log('\nwords per sentence   mean   p90  longest  sentences')
  for (const [file, text] of texts) {
    if (!file.endsWith('.md')) continue
    const { mean, p90, longest, sentences } = sentenceFigures(text)
    const figures = [mean.toFixed(1).padStart(6), p90, longest, sentences].map((figure) =>
      `${figure}`.padStart(6),
    )
    console.log(`  ${figures.join(' ')}  ${file}`)
  }
  const counts = new Map<string, number>()
  for (const { file } of problems) {
    const folder = file.includes('/') ? file.slice(0, file.indexOf('/')) : '(root)'
    counts.set(folder, (counts.get(folder) ?? 0) + 1)
  }
  console.log('\nproblems per folder')
  for (const [folder, count] of counts) console.log(`  ${`${count}`.padStart(6)}  ${folder}`)
}
