import { expect, test } from 'vitest'
import { badInput, errorExtensions, forbidden, notFound, ParleyError, unavailable } from '../../src/errors.ts'

test('an error tells clients its code, and whether the same operation may be sent again', () => {
  expect(badInput('no').extensions).toEqual({ code: 'BAD_USER_INPUT', retryable: false })
  expect(forbidden('no').extensions).toEqual({ code: 'FORBIDDEN', retryable: false })
  expect(notFound('Chat').extensions).toEqual({ code: 'NOT_FOUND', retryable: false })
  expect(unavailable('later').extensions).toEqual({ code: 'UNAVAILABLE', retryable: true, retryAfterMs: 500 })
})

test('exactly those codes are retryable behind which the system, not the request, stands in the way', () => {
  const codes = ['UNAUTHENTICATED', 'CONFLICT', 'INTERNAL', 'RATE_LIMITED', 'SERVICE_DEGRADED'] as const
  expect(codes.filter((code) => errorExtensions(code).retryable)).toEqual([
    'RATE_LIMITED',
    'SERVICE_DEGRADED',
  ])
})

test('it says how long to wait where that is known, and nothing of it where it is not', () => {
  const limited = new ParleyError('RATE_LIMITED', 'Slow down', { retryAfterMs: 2_000 })
  expect(limited.extensions).toEqual({ code: 'RATE_LIMITED', retryable: true, retryAfterMs: 2_000 })
  expect(errorExtensions('RATE_LIMITED')).not.toHaveProperty('retryAfterMs')
})

test('what does not exist and what may not be seen are told in the same words', () => {
  expect(notFound('Chat').message).toBe('Chat not found. It does not exist, or you may not see it.')
})

test('the cause stays with the error for the log, and out of what clients see', () => {
  const cause = new Error('connection to 10.0.0.7 lost')
  const error = unavailable('The message could not be confirmed.', cause)
  expect(error.cause).toBe(cause)
  expect(JSON.stringify([error.message, error.extensions])).not.toContain('10.0.0.7')
})
