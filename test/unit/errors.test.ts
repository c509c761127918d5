import { expect, test } from 'vitest'
import { badInput, errorExtensions, forbidden, notFound, ParleyError, unavailable } from '../../src/errors.ts'

test('includes the code and whether the operation may be repeated', () => {
  expect(badInput('no').extensions).toEqual({ code: 'BAD_USER_INPUT', retryable: false })
  expect(forbidden('no').extensions).toEqual({ code: 'FORBIDDEN', retryable: false })
  expect(notFound('Chat').extensions).toEqual({ code: 'NOT_FOUND', retryable: false })
  expect(unavailable('later').extensions).toEqual({ code: 'UNAVAILABLE', retryable: true, retryAfterMs: 500 })
})

test('marks exactly the codes as retryable whose cause is the system, not the request', () => {
  const codes = ['UNAUTHENTICATED', 'CONFLICT', 'INTERNAL', 'RATE_LIMITED', 'SERVICE_DEGRADED'] as const
  expect(codes.filter((code) => errorExtensions(code).retryable)).toEqual([
    'RATE_LIMITED',
    'SERVICE_DEGRADED',
  ])
})

test('includes retryAfterMs only if it is known', () => {
  const limited = new ParleyError('RATE_LIMITED', 'Slow down', { retryAfterMs: 2_000 })
  expect(limited.extensions).toEqual({ code: 'RATE_LIMITED', retryable: true, retryAfterMs: 2_000 })
  expect(errorExtensions('RATE_LIMITED')).not.toHaveProperty('retryAfterMs')
})

test('uses the same text for missing and invisible objects', () => {
  expect(notFound('Chat').message).toBe('Chat not found. It does not exist, or you may not see it.')
})

test('keeps the cause for the log and hides it from clients', () => {
  const cause = new Error('connection to 10.0.0.7 lost')
  const error = unavailable('The message could not be confirmed.', cause)
  expect(error.cause).toBe(cause)
  expect(JSON.stringify([error.message, error.extensions])).not.toContain('10.0.0.7')
})
