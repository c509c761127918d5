import { clauseFound, hasClauseAsSubject, sentencesOf, type ProseProblem } from './prose-rules.ts'

/** Most words per sentence of a document: the mean and the 90th percentile. */
export const SENTENCE_LIMITS = { mean: 16, p90: 28 } as const

/** How long the sentences of one document are, in words. */
export type SentenceFigures = Readonly<{ sentences: number; mean: number; p90: number; longest: number }>

/** A run of prose that stands for itself: a paragraph or a list item. */
type Block = { readonly line: number; text: string }

/**
 * Returns the paragraphs and list items of a Markdown document. Code blocks, tables, headings, HTML and the targets of
 * links are left out. Inline code counts as one word.
 */
export function proseBlocks(markdown: string): readonly Readonly<Block>[] {
  const blocks: Block[] = []
  let open: Block | undefined
  let fence: string | undefined
  for (const [index, line] of withoutComments(markdown).split('\n').entries()) {
    const marker = /^\s*(```+|~~~+)/.exec(line)?.[1]
    if (fence !== undefined || marker !== undefined) {
      if (fence === undefined) fence = marker
      else if (marker?.startsWith(fence) === true) fence = undefined
      open = undefined
      continue
    }
    const content = line.replace(/^[\s>]*/, '')
    const item = /^(?:[-*+]|\d+[.)])\s+(.*)$/.exec(content)?.[1]
    if (content === '' || /^(?:\||#{1,6}\s|<|-{3,}$|\[[^\]]+\]:)/.test(content)) open = undefined
    else if (item !== undefined || open === undefined) {
      open = { line: index + 1, text: item ?? content }
      blocks.push(open)
    } else open.text += ` ${content}`
  }
  return blocks.map(({ line, text }) => ({ line, text: plain(text) }))
}

/** Returns the figures of a document. A document without prose has zeros. */
export function sentenceFigures(markdown: string): SentenceFigures {
  const lengths = proseBlocks(markdown)
    .flatMap(({ text }) => sentencesOf(text).map(wordCount))
    .toSorted((one, other) => one - other)
  const total = lengths.reduce((sum, length) => sum + length, 0)
  return {
    sentences: lengths.length,
    mean: lengths.length === 0 ? 0 : total / lengths.length,
    p90: lengths[Math.ceil(lengths.length * 0.9) - 1] ?? 0,
    longest: lengths.at(-1) ?? 0,
  }
}

/** Returns the figures of a document that are over `SENTENCE_LIMITS`, and its sentences with a clause as subject. */
export function documentProblems(file: string, markdown: string): readonly ProseProblem[] {
  const { mean, p90 } = sentenceFigures(markdown)
  const problems: ProseProblem[] = []
  if (mean > SENTENCE_LIMITS.mean) {
    const found = `mean of ${mean.toFixed(1)} words per sentence, at most ${SENTENCE_LIMITS.mean}`
    problems.push({ file, line: 1, found })
  }
  if (p90 > SENTENCE_LIMITS.p90) {
    const found = `90th percentile of ${p90} words per sentence, at most ${SENTENCE_LIMITS.p90}`
    problems.push({ file, line: 1, found })
  }
  for (const { line, text } of proseBlocks(markdown)) {
    for (const sentence of sentencesOf(text).filter(hasClauseAsSubject)) {
      problems.push({ file, line, found: clauseFound(sentence) })
    }
  }
  return problems
}

function wordCount(sentence: string): number {
  return sentence.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word)).length
}

function withoutComments(markdown: string): string {
  return markdown.replaceAll(/<!--[\s\S]*?-->/g, (comment) => comment.replaceAll(/[^\n]/g, ''))
}

// A capital letter, because the segmenter ends a sentence only before one.
const ONE_WORD = 'Code'

function plain(text: string): string {
  return text
    .replaceAll(/(`+)(?:(?!\1).)+\1/g, ONE_WORD)
    .replaceAll(/!\[[^\]]*\]\([^)]*\)/g, '')
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replaceAll(/<https?:[^>]*>|https?:\S+/g, ONE_WORD)
    .replaceAll(/<\/?\w[^>]*>/g, '')
    .replaceAll(/\*\*|__|(?<!\w)[*_](?=\S)|(?<=\S)[*_](?!\w)/g, '')
}
