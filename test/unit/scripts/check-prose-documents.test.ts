import { expect, test } from 'vitest'
import { anchorsOf, brokenLinks, missingPaths } from '../../../scripts/document-links.ts'
import { documentProblems, proseBlocks, sentenceFigures } from '../../../scripts/prose-documents.ts'

test('reads paragraphs and list items, and leaves out code, tables, headings and HTML', () => {
  const markdown = [
    '# A heading',
    '',
    'A paragraph of',
    'two lines.',
    '- one item',
    '  that goes on',
    '2. another item',
    '',
    '```sh',
    'npm start',
    '```',
    '| a | table |',
    '<!-- a',
    'comment -->',
    '<img src="picture.svg">',
    '> A quote.',
  ].join('\n')
  expect(proseBlocks(markdown)).toEqual([
    { line: 3, text: 'A paragraph of two lines.' },
    { line: 5, text: 'one item that goes on' },
    { line: 7, text: 'another item' },
    { line: 16, text: 'A quote.' },
  ])
})

test('counts inline code and URLs as one word, and keeps the text of links', () => {
  const [block] = proseBlocks(
    'Run `npm run check` and **read** [the guide](docs/a.md), or https://example.com/a now.',
  )
  expect(block?.text).toBe('Run Code and read the guide, or Code now.')
})

test('ends a sentence before inline code', () => {
  expect(sentenceFigures('It starts. `parley` answers.').sentences).toBe(2)
})

test('computes mean, 90th percentile and longest sentence in words', () => {
  const sentences = [1, 2, 3, 4, 5, 6, 7, 8, 9, 30].map((words) => `- ${'word '.repeat(words)}`)
  expect(sentenceFigures(sentences.join('\n'))).toEqual({ sentences: 10, mean: 7.5, p90: 9, longest: 30 })
})

test('has zeros for a document without prose', () => {
  expect(sentenceFigures('# Title\n\n| a | b |')).toEqual({ sentences: 0, mean: 0, p90: 0, longest: 0 })
})

test('reports long sentences, and sentences with a clause as their subject', () => {
  const found = documentProblems('a.md', `${'word '.repeat(29)}.\n\nWhat fails is tried again.`).map(
    (problem) => `${problem.line} ${problem.found}`,
  )
  expect(found).toEqual([
    '1 mean of 17.0 words per sentence, at most 16',
    '1 90th percentile of 29 words per sentence, at most 28',
    '3 "What fails is tried again. …" has a relative clause as its subject',
  ])
})

const documents: Readonly<Record<string, string>> = {
  'README.md': '# Parley\n## Try it\n## Try it\n## What `npm test` needs, and why',
  'docs/guide.md': '# Guide',
}
const targets = {
  exists: (path: string) => path in documents || path === 'docs',
  markdown: (path: string) => documents[path],
}
const brokenIn = (text: string) => brokenLinks('docs/guide.md', text, targets).map(({ found }) => found)

test.each([
  'See [the start](../README.md#try-it-1).',
  'See [the tests](../README.md#what-npm-test-needs-and-why "a title").',
  'See [above](#guide), [the folder](../docs), <https://example.com> and [a site](https://example.com/x#y).',
  '`[not a link](nowhere.md)`\n```\n[nor this](nowhere.md)\n```',
])('accepts links that lead somewhere: %s', (text) => {
  expect(brokenIn(text)).toEqual([])
})

test.each([
  ['[a](missing.md)', 'link to missing.md: no such file'],
  ['[a](../README.md#missing)', 'link to ../README.md#missing: no such heading'],
  ['[a](#missing)', 'link to #missing: no such heading'],
  ['![picture](images/missing.svg)', 'link to images/missing.svg: no such file'],
  ['<source srcset="missing.svg">', 'link to missing.svg: no such file'],
])('reports the broken link of %s', (text, found) => {
  expect(brokenIn(text)).toEqual([found])
})

test('makes anchors as GitHub does', () => {
  const anchors = anchorsOf(
    '# A “quoted” Title\n## try_it: [now](x.md)\n## Same\n## Same\n```\n# no heading\n```',
  )
  expect([...anchors]).toEqual(['a-quoted-title', 'try_it-now', 'same', 'same-1'])
})

test('reports paths in inline code that do not exist', () => {
  const text = 'See `src/lib` and\n`src/gone.ts`, `src/<room>`, `*-store.ts` and `npm test`.'
  const found = missingPaths('a.md', text, { exists: (path) => path === 'src/lib' })
  expect(found).toEqual([{ file: 'a.md', line: 2, found: 'src/gone.ts: no such file' }])
})
