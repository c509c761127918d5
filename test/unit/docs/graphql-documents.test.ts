import { glob, readFile } from 'node:fs/promises'
import {
  buildSchema,
  type DocumentNode,
  type FragmentDefinitionNode,
  Kind,
  parse,
  validate,
  visit,
} from 'graphql'
import { expect, test } from 'vitest'
import * as handWritten from '../../../examples/hand-written/documents.ts'

const FILES = ['*.md', 'docs/**/*.md', 'packages/*/*.md', 'examples/**/*.tsx']
const schema = buildSchema(await readFile('schema.graphql', 'utf8'))
const serverSchema = buildSchema(await readFile('server.graphql', 'utf8'))
/** Its documents are for the server API. */
const SERVER_PAGE = 'docs/server-api.md'

/** The fragments of the examples, which documents on their page spread without a definition. */
const fragments = new Map<string, FragmentDefinitionNode>(
  [handWritten.CHATS, handWritten.INBOX]
    .flatMap((text) => parse(text).definitions)
    .filter((definition) => definition.kind === Kind.FRAGMENT_DEFINITION)
    .map((fragment) => [fragment.name.value, fragment]),
)

/** Returns the GraphQL documents of a text: blocks, templates with the tag `gql`, and the queries of JSON bodies. */
function documentsIn(text: string): readonly string[] {
  const blocks = [...text.matchAll(/^```graphql\n(.*?)^```$/gms)].map(([, document = '']) => document)
  const templates = [...text.matchAll(/\bgql`(.*?)`/gs)].map(([, document = '']) => document)
  // Commands of a shell put values between the quotes of a body.
  const bodies = text.replaceAll(/'"?\$(?:\w+|\([^)]*\))"?'/g, 'value')
  const queries = [...bodies.matchAll(/"query":\s*("(?:[^"\\]|\\.)*")/g)].map(
    ([, json = '']) => JSON.parse(json) as string,
  )
  // A recorded message may abbreviate a document that is elsewhere on the page.
  return [...blocks, ...templates, ...queries.filter((query) => !query.endsWith('…'))]
}

function problemsOf(text: string, target = schema): readonly string[] {
  try {
    return validate(target, withFragments(parse(text))).map(({ message }) => message)
  } catch (error) {
    return [String(error)]
  }
}

/** Adds the fragments that a document spreads and does not define. */
function withFragments(document: DocumentNode): DocumentNode {
  const known = new Set(
    document.definitions.flatMap((definition) =>
      definition.kind === Kind.FRAGMENT_DEFINITION ? [definition.name.value] : [],
    ),
  )
  const added: FragmentDefinitionNode[] = []
  visit(document, {
    FragmentSpread({ name }) {
      const fragment = fragments.get(name.value)
      if (fragment !== undefined && !known.has(name.value)) added.push(fragment)
      known.add(name.value)
    },
  })
  return { ...document, definitions: [...document.definitions, ...added] }
}

test('every GraphQL document in the documents and in the examples is valid', async () => {
  const counts = new Map<string, number>()
  const problems: string[] = []
  for await (const file of glob(FILES)) {
    const documents = documentsIn(await readFile(file, 'utf8'))
    counts.set(file, documents.length)
    const target = file === SERVER_PAGE ? serverSchema : schema
    for (const document of documents)
      problems.push(...problemsOf(document, target).map((problem) => `${file}: ${problem}\n${document}`))
  }
  expect(problems).toEqual([])
  const pages = [
    'README.md',
    'PROTOCOL.md',
    'server-api.md',
    'hand-written.md',
    'apollo-ios.md',
    'apollo-kotlin.md',
  ]
  for (const page of [...pages, 'apollo/README.md', 'urql/README.md', 'apollo-chat/chat.tsx'])
    expect([...counts].filter(([file, count]) => file.endsWith(page) && count > 0)).not.toEqual([])
})

test('an unknown field in a document is found', () => {
  expect(problemsOf('{ viewer { nickname } }')).toEqual([expect.stringContaining('nickname')])
  expect(documentsIn(`curl -d '{"query":"{ chat(id: \\"'$CHAT'\\") { id } }"}'`)).toEqual([
    '{ chat(id: "value") { id } }',
  ])
})
