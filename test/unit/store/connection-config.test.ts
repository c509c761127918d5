import { expect, test } from 'vitest'
import { connectionConfig } from '../../../src/store/sql/connection-config.ts'

test('an empty URL is an error instead of localhost', () => {
  expect(() => connectionConfig('', 'test', {})).toThrow('The database URL is empty')
})

test('rejects other URLs without quoting them, because they may contain a password', () => {
  for (const url of [
    'alice:secret@host/db',
    'mysql://alice:secret@host/db',
    'postgresql://alice:secret@ho st/db',
  ]) {
    const sentence = 'The database URL is not of the form postgresql://user:password@host:5432/database.'
    expect(() => connectionConfig(url, 'test', {})).toThrow(new Error(sentence))
  }
})

test('every session is in UTC, regardless of the URL', () => {
  const url = 'postgresql://alice@host/db?options=-c%20timezone%3DEurope%2FBerlin&sslmode=disable'
  const config = connectionConfig(url, 'test', {})
  expect(config.options).toBe('-c timezone=Europe/Berlin -c timezone=UTC')
  expect(config.connectionString).toBe('postgresql://alice@host/db?sslmode=disable')
})

test('escapes spaces and backslashes in settings', () => {
  const settings = { default_transaction_isolation: 'repeatable read', search_path: 'a\\b' }
  expect(connectionConfig('postgres://host/db', 'test', settings).options).toBe(
    '-c default_transaction_isolation=repeatable\\ read -c search_path=a\\\\b -c timezone=UTC',
  )
})
