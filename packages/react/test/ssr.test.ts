import { createParleyClient } from '@parley/client'
import { createElement } from 'react'
import { renderToString } from 'react-dom/server'
import { expect, test } from 'vitest'
import {
  ParleyProvider,
  useChat,
  useChats,
  useConnection,
  usePresence,
  useServiceStatus,
  useViewer,
} from '../src/index.ts'

function Screen() {
  const chat = useChat('chat_1')
  const values = [
    useConnection().type,
    useViewer()?.name ?? 'signed in',
    useChats().length,
    usePresence('user_bob').type,
    useServiceStatus().level,
    chat.isLoaded,
    typeof chat.send,
  ]
  return createElement('p', null, values.join(' '))
}

test('renders on a server, without loading anything', () => {
  const fetch = () => Promise.reject(new Error('Nothing is loaded on a server.'))
  const client = createParleyClient({ url: 'https://chat.example/graphql', token: 'a.b.c', fetch })
  const html = renderToString(createElement(ParleyProvider, { client }, createElement(Screen)))
  expect(html).toBe('<p>connecting signed in 0 unknown NORMAL false function</p>')
})

test('tells how to fix a hook outside of a provider', () => {
  expect(() => renderToString(createElement(Screen))).toThrow('<ParleyProvider client={…}>')
})
