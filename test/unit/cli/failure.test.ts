import { expect, test } from 'vitest'
import { describeFailure } from '../../../src/cli/failure.ts'

test('describes an error by its message without credentials, and with its stack on request', () => {
  const error = new Error('no answer from postgres://alice:hush@db/parley')
  expect(describeFailure(error, false)).toBe('no answer from postgres://[redacted]@db/parley')
  expect(describeFailure(error, true)).toContain('failure.test.ts')
  expect(describeFailure(error, true)).not.toContain('hush')
  expect(describeFailure('just a text', true)).toBe('just a text')
})

test('says how to install missing packages', () => {
  const error = Object.assign(new Error("Cannot find package 'zod'"), { code: 'ERR_MODULE_NOT_FOUND' })
  expect(describeFailure(error, false)).toBe('Cannot find package \'zod\'\nRun "npm ci" first.')
})
