import { posix } from 'node:path'
import { lineFinder, type ProseProblem } from './prose-rules.ts'

/** The files that links may lead to. */
export type LinkTargets = Readonly<{
  /** Whether a file or folder is there. The path starts at the root of the project. */
  exists: (path: string) => boolean
  /** Text of a Markdown document, or undefined if it is not one. */
  markdown: (path: string) => string | undefined
}>

const LINK =
  /!?\[(?:[^\]\\]|\\.)*\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)|<(?:img|source|a)\b[^>]*?(?:src|srcset|href)="([^"]+)"/g

/** Returns the relative links of a document that lead nowhere. Links to other sites are not checked. */
export function brokenLinks(file: string, text: string, targets: LinkTargets): readonly ProseProblem[] {
  const lineOf = lineFinder(text)
  const prose = text.replaceAll(/^([ \t]*)(```+|~~~+)[\s\S]*?^\1\2/gm, blank).replaceAll(/`[^`\n]+`/g, blank)
  return [...prose.matchAll(LINK)].flatMap((match): readonly ProseProblem[] => {
    const link = match[1] ?? match[2] ?? ''
    if (/^(?:[a-z]+:|\/\/)/.test(link)) return []
    const [path = '', anchor] = link.split('#')
    const target = path === '' ? file : posix.normalize(posix.join(posix.dirname(file), path))
    const line = lineOf(match.index)
    if (!targets.exists(target)) return [{ file, line, found: `link to ${link}: no such file` }]
    const linked = anchor === undefined ? undefined : targets.markdown(target)
    if (anchor === undefined || linked === undefined || anchorsOf(linked).has(anchor)) return []
    return [{ file, line, found: `link to ${link}: no such heading` }]
  })
}

// Names with a placeholder or a pattern, such as `src/<room>` or `*-store.ts`, do not match.
const NAMED_PATH = /`((?:apps|bench|deploy|docs|examples|packages|prisma|scripts|src|test)\/[\w./-]*\w)`/g

/** Returns the paths in inline code, such as `src/lib`, that do not exist. */
export function missingPaths(
  file: string,
  text: string,
  targets: Pick<LinkTargets, 'exists'>,
): readonly ProseProblem[] {
  const lineOf = lineFinder(text)
  return [...text.matchAll(NAMED_PATH)].flatMap(({ index, 1: path = '' }) =>
    targets.exists(path) ? [] : [{ file, line: lineOf(index), found: `${path}: no such file` }],
  )
}

/** Returns the anchors that GitHub gives to the headings of a document. */
export function anchorsOf(markdown: string): ReadonlySet<string> {
  const anchors = new Set<string>()
  const withoutCode = markdown.replaceAll(/^([ \t]*)(```+|~~~+)[\s\S]*?^\1\2/gm, blank)
  for (const [, heading = ''] of withoutCode.matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)) {
    const slug = heading
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\p{M}_\- ]/gu, '')
      .replaceAll(' ', '-')
    let anchor = slug
    for (let count = 1; anchors.has(anchor); count += 1) anchor = `${slug}-${count}`
    anchors.add(anchor)
  }
  for (const [, id = ''] of withoutCode.matchAll(/<a\s+(?:id|name)="([^"]+)"/g)) anchors.add(id)
  return anchors
}

function blank(text: string): string {
  return text.replaceAll(/[^\n]/g, ' ')
}
