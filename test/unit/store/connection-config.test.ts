import { expect, test } from 'vitest'
import { connectionConfig } from '../../../src/store/sql/connection-config.ts'

test('a missing URL is an error, and does not mean localhost', () => {
  expect(() => connectionConfig('', 'test', {})).toThrow('The database URL is empty')
})

test('what is no PostgreSQL URL is refused without being quoted, for there may be a password in it', () => {
  for (const url of [
    'alice:secret@host/db',
    'mysql://alice:secret@host/db',
    'postgresql://alice:secret@ho st/db',
  ]) {
    const sentence = 'The database URL is not of the form postgresql://user:password@host:5432/database.'
    expect(() => connectionConfig(url, 'test', {})).toThrow(new Error(sentence))
  }
})

test('every session is in UTC, whatever the URL says', () => {
  const url = 'postgresql://alice@host/db?options=-c%20timezone%3DEurope%2FBerlin&sslmode=disable'
  const config = connectionConfig(url, 'test', {})
  expect(config.options).toBe('-c timezone=Europe/Berlin -c timezone=UTC')
  expect(config.connectionString).toBe('postgresql://alice@host/db?sslmode=disable')
})

test('spaces and backslashes in a setting reach the server', () => {
  const settings = { default_transaction_isolation: 'repeatable read', search_path: 'a\\b' }
  expect(connectionConfig('postgres://host/db', 'test', settings).options).toBe(
    '-c default_transaction_isolation=repeatable\\ read -c search_path=a\\\\b -c timezone=UTC',
  )
})
