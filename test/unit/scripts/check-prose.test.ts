import { expect, test } from 'vitest'
import {
  bannedWords,
  clausesAsSubjects,
  hasClauseAsSubject,
  lineFinder,
  longCommentLines,
  sentencesOf,
} from '../../../scripts/prose-rules.ts'

function wordsOf(text: string): readonly string[] {
  return bannedWords('file.ts', text).map(({ line, found }) => `${line} ${found}`)
}

test.each([
  ['a comment', '// Nobody listens.', '1 "nobody"'],
  ['a string with an apostrophe', "'somebody’s'", '1 "somebody"'],
  ['a word of an identifier in camel case', 'const tellEverybody = 1', '1 "everybody"'],
  ['the last word of an identifier', 'let isRepairOwed = false', '1 "owed"'],
  ['an identifier with a plural', 'isNobodysMistake()', '1 "nobodys"'],
  ['a constant in capitals', 'const MAX_OWED = 1', '1 "owed"'],
  ['a later line', '\n\nwhom', '3 "whom"'],
  ['a phrase on one line', 'answers with 1', '1 "answers with"'],
  ['a phrase on two lines of a comment', ' * Answers\n * with 1', '1 "answers with"'],
  ['a phrase on two line comments', '// those\n// who', '1 "those who"'],
])('finds banned words in %s', (_, text, found) => {
  expect(wordsOf(text)).toEqual([found])
})

test.each([
  'allowed, followed, borrowed',
  'amend, commend, recommended',
  'Those whose turn it is',
  'wholesome',
])('accepts words that only contain a banned one: %s', (text) => {
  expect(wordsOf(text)).toEqual([])
})

test('reports banned words in the order of their lines', () => {
  expect(wordsOf('answers with\nwhoever\nthose who\nmended')).toEqual([
    '1 "answers with"',
    '2 "whoever"',
    '3 "those who"',
    '4 "mended"',
  ])
})

test.each([
  ['What fails is unsaved.', true],
  ['Who comes later waits;', true],
  ['What is a gap?', false],
  ['What you may rely on', false],
  ['Whatever the order is.', false],
  ['The gateway knows what fails.', false],
])('tells whether a clause is the subject of "%s"', (sentence, expected) => {
  expect(hasClauseAsSubject(sentence)).toBe(expected)
})

test('finds clauses as subjects in comments of several lines and in titles of tests', () => {
  const text = [
    '/**',
    ' * The first sentence is fine.',
    ' * What fails here',
    ' * is tried again.',
    ' *',
    ' * What ends a block has no full stop',
    ' */',
    "test('what is removed stays removed', () => {})",
    "test('what is a gap?', () => {})",
    "test('a gap is found', () => {})",
  ].join('\n')
  const found = clausesAsSubjects('file.ts', text).map(({ line, found: problem }) => `${line} ${problem}`)
  expect(found).toEqual([
    '2 "What fails here is tried again. …" has a relative clause as its subject',
    '8 "what is removed stays removed …" has a relative clause as its subject',
  ])
})

test('finds comment lines over 120 characters, but not code or lines with a URL', () => {
  const long = 'x'.repeat(121)
  const text = [
    `// ${long}`,
    `const value = '${long}'`,
    ` * https://example.com/${long}`,
    ` * ${'x'.repeat(100)}`,
  ]
  expect(longCommentLines('file.ts', text.join('\n')).map(({ line }) => line)).toEqual([1])
})

test('splits a paragraph into sentences', () => {
  expect(sentencesOf('A gateway  starts.\nIt is ready after 1.5 s. Is it? Yes')).toEqual([
    'A gateway starts.',
    'It is ready after 1.5 s.',
    'Is it?',
    'Yes',
  ])
})

test('finds the line of an index', () => {
  const lineOf = lineFinder('ab\n\ncd')
  expect([0, 2, 3, 4, 5].map(lineOf)).toEqual([1, 1, 2, 3, 3])
})
