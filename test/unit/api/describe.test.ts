import { buildSchema } from 'graphql'
import { expect, test } from 'vitest'
import { describeSchema } from '../../../src/api/describe.ts'
import { createSchema } from '../../../src/api/schema.ts'

test('describes every type, field, argument and enum value of the API', () => {
  const schema = createSchema()
  expect(schema.getType('Chat')?.description).toMatch(/member of/)
  const events = schema.getSubscriptionType()?.getFields()['chatEvents']
  expect(events?.args.map((arg) => arg.description)).toEqual([
    expect.stringMatching(/Position to replay from/),
    expect.stringMatching(/The chat/),
  ])
})

test('a field takes the description of its interface unless it has its own', () => {
  const fieldOf = (type: 'MessageSent' | 'MemberRemoved') => {
    const found = createSchema().getType(type)
    return found !== undefined && 'getFields' in found ? found.getFields()['actor']?.description : undefined
  }
  expect(fieldOf('MessageSent')).toBe('The user who made the change.')
  expect(fieldOf('MemberRemoved')).toBe('The user who made the change. Equals `user` if the user left.')
})

test('rejects an element without a description', () => {
  expect(() => describeSchema(buildSchema('type Query { unheardOf: Int }'))).toThrow(
    'Query.unheardOf has no description. Add one to descriptions.ts.',
  )
})

test('rejects a description of something that is not in the schema', () => {
  expect(() => describeSchema(buildSchema('type Query { viewer: Int }'))).toThrow(
    /is not in the schema|not in the schema/,
  )
})
