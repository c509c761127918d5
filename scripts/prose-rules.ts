/** A place in a file that breaks a rule of plain language. */
export type ProseProblem = Readonly<{
  /** Path from the root of the project, with forward slashes. */
  file: string
  /** Counted from 1. */
  line: number
  /** The word or figure that is wrong, then what is allowed. */
  found: string
}>

/** Longest comment line. Lines that hold a URL may be longer. */
export const MAX_COMMENT_LINE = 120

// Each word stands for a sentence that needs decoding. Name the component or the role instead.
const BANNED_WORDS = new Set([
  'everybody',
  'mend',
  'mended',
  'mending',
  'mends',
  'nobody',
  'owed',
  'somebody',
  'whoever',
  'whom',
  'whomever',
])
// A phrase may continue on the next line, behind the marker of a comment.
const BANNED_PHRASES = /\b(?:answers[\s*/#]+with|those[\s*/#]+who)\b/gi
// "What fails is unsaved" has a clause for its subject. A question may begin that way.
const CLAUSE_AS_SUBJECT = /^(?:what|who|whose)\s(?=[^?]*[.;]$)/i
const CLAUSE_AS_TITLE = /\b(?:describe|it|test)(?:\.\w+)?\(\s*(['"`])((?:what|who)\s[^\n]*?)\1/gi

/** Returns every banned word of `text`. An identifier is read word by word: `tellEverybody` holds "everybody". */
export function bannedWords(file: string, text: string): readonly ProseProblem[] {
  const problems: ProseProblem[] = []
  const lineOf = lineFinder(text)
  for (const match of text.matchAll(/[A-Z]?[a-z]+|[A-Z]+(?![a-z])/g)) {
    const word = match[0].toLowerCase()
    // "isNobodysMistake" has no apostrophe.
    if (!BANNED_WORDS.has(word) && !BANNED_WORDS.has(word.replace(/s$/, ''))) continue
    problems.push({ file, line: lineOf(match.index), found: `"${word}"` })
  }
  for (const match of text.matchAll(BANNED_PHRASES)) {
    const phrase = match[0].toLowerCase().replaceAll(/[\s*/#]+/g, ' ')
    problems.push({ file, line: lineOf(match.index), found: `"${phrase}"` })
  }
  return problems.toSorted((one, other) => one.line - other.line)
}

/** Returns whether a sentence has a relative clause as its subject, such as "What fails is unsaved." */
export function hasClauseAsSubject(sentence: string): boolean {
  return CLAUSE_AS_SUBJECT.test(sentence)
}

/** Returns the comment lines of a source file that are longer than `MAX_COMMENT_LINE`. */
export function longCommentLines(file: string, text: string): readonly ProseProblem[] {
  return text.split('\n').flatMap((line, index) => {
    if (line.length <= MAX_COMMENT_LINE || !isCommentLine(line) || line.includes('://')) return []
    return [
      { file, line: index + 1, found: `comment of ${line.length} characters, at most ${MAX_COMMENT_LINE}` },
    ]
  })
}

/** Returns sentences of comments, and titles of tests, that have a relative clause as their subject. */
export function clausesAsSubjects(file: string, text: string): readonly ProseProblem[] {
  const lineOf = lineFinder(text)
  const comments = commentBlocks(text).flatMap(({ line, text: comment }) =>
    sentencesOf(comment)
      .filter(hasClauseAsSubject)
      .map((sentence): ProseProblem => ({ file, line, found: clauseFound(sentence) })),
  )
  const titles = [...text.matchAll(CLAUSE_AS_TITLE)]
    .filter((match) => !(match[2] ?? '').endsWith('?'))
    .map((match): ProseProblem => ({ file, line: lineOf(match.index), found: clauseFound(match[2] ?? '') }))
  return [...comments, ...titles]
}

/** Returns how a problem names a sentence whose subject is a relative clause. */
export function clauseFound(sentence: string): string {
  const start = sentence.split(/\s+/).slice(0, 6).join(' ')
  return `"${start} …" has a relative clause as its subject`
}

const segmenter = new Intl.Segmenter('en', { granularity: 'sentence' })

/** Returns the sentences of a paragraph, without the blanks around them. */
export function sentencesOf(paragraph: string): readonly string[] {
  return [...segmenter.segment(paragraph.replaceAll(/\s+/g, ' '))]
    .map(({ segment }) => segment.trim())
    .filter((sentence) => /[\p{L}\p{N}]/u.test(sentence))
}

const COMMENT_LINE = /^\s*(?:\/\/|\/\*\*?|\*|#|--)\s?/

function isCommentLine(line: string): boolean {
  return COMMENT_LINE.test(line)
}

/** Joins the lines of each comment. A blank comment line and a tag of JSDoc begin a new block. */
function commentBlocks(text: string): readonly Readonly<{ line: number; text: string }>[] {
  const blocks: { line: number; text: string }[] = []
  let open: { line: number; text: string } | undefined
  for (const [index, line] of text.split('\n').entries()) {
    const content = line
      .replace(COMMENT_LINE, '')
      .replace(/\*\/\s*$/, '')
      .trim()
    if (!isCommentLine(line) || content === '') open = undefined
    else if (open === undefined || /^(?:[-*@]|\d+\.)/.test(content)) {
      open = { line: index + 1, text: content }
      blocks.push(open)
    } else open.text += ` ${content}`
    if (line.trimEnd().endsWith('*/')) open = undefined
  }
  return blocks
}

/** Returns a function from an index of `text` to its line. */
export function lineFinder(text: string): (index: number) => number {
  const starts = [0]
  for (const match of text.matchAll(/\n/g)) starts.push(match.index + 1)
  return (index) => {
    let low = 0
    let high = starts.length
    while (high - low > 1) {
      const middle = (low + high) >> 1
      if ((starts[middle] ?? 0) <= index) low = middle
      else high = middle
    }
    return low + 1
  }
}
