import { readFile } from 'node:fs/promises'
import { buildSchema, parse, validate } from 'graphql'
import { expect, test } from 'vitest'
import { documents } from '../src/index.ts'
import * as pushDocuments from '../src/push/push-documents.ts'
import * as uploadDocuments from '../src/uploads/upload-documents.ts'

test.for(Object.entries({ ...documents, ...uploadDocuments, ...pushDocuments }))(
  '%s is valid against the schema',
  async ([, document]) => {
    const schema = buildSchema(await readFile(new URL('../../../schema.graphql', import.meta.url), 'utf8'))
    expect(validate(schema, parse(document)).map(({ message }) => message)).toEqual([])
  },
)
