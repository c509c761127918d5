import { buildSchema } from 'graphql'
import { expect, test } from 'vitest'
import { apiDocuments } from '../../../scripts/api-docs.ts'
import { referencePages } from '../../../scripts/api-reference.ts'
import { createSchema } from '../../../src/api/schema.ts'

/** Returns the anchors of a page, as GitHub makes them from its headings. */
function anchorsOf(page: string): readonly string[] {
  return [...page.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading.toLowerCase().replaceAll(' ', '-'),
  )
}

test('links every page, operation and type to a heading that exists', async () => {
  const pages = await apiDocuments()
  const links = [...pages].flatMap(([name, text]) =>
    [...text.matchAll(/\]\(([^)\s]*)\)/g)].map(([, target = '']) => ({ from: name, target })),
  )
  expect(links.length).toBeGreaterThan(400)
  for (const { from, target } of links.filter((link) => !link.target.startsWith('../'))) {
    const [file = '', anchor] = target.split('#')
    const page = pages.get(file)
    expect(page, `${from}: ${target}`).toBeDefined()
    if (anchor !== undefined) expect(anchorsOf(page ?? ''), `${from}: ${target}`).toContain(anchor)
  }
})

test('has a section for every operation and type of the schema', () => {
  const schema = createSchema()
  const anchors = [...referencePages(schema).values()].flatMap(anchorsOf)
  const operations = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()]
  const names = [
    ...operations.flatMap((type) => Object.keys(type?.getFields() ?? {})),
    ...Object.keys(schema.getTypeMap()).filter(
      (name) => !/^(__.*|Query|Mutation|Subscription|ID|Int|String|Boolean|Float)$/.test(name),
    ),
  ]
  for (const name of names) expect(anchors).toContain(name.toLowerCase())
})

test('keeps lists, defaults and special characters of descriptions in table cells', () => {
  const schema = buildSchema(`
  type Query { chat: Chat }
  type Chat { "One | two.\\n\\n- first\\n- second" size("Edge." edge: Int = 320): [Int!]! }
  `)
  const objects = referencePages(schema).get('objects.md')
  expect(objects).toContain('| `size` | \\[Int!\\]! | One \\| two.<br>– first<br>– second |')
  expect(objects).toContain('| `edge` | Int | `320` | Edge. |')
})
