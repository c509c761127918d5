import { gql } from '@apollo/client'
import { expect, test } from 'vitest'
import { startParley } from '../../../test/harness/servers/parley.ts'
import { startApollo } from './apollo.ts'

const CHATS = gql`
  query Chats {
    chats(first: 50) {
      edges {
        node {
          id
          title
          unreadCount
          lastMessage {
            id
            body
            status
          }
        }
      }
      pageInfo {
        hasNextPage
      }
    }
  }
`
const MESSAGES = gql`
  query Messages($id: ID!, $before: String) {
    chat(id: $id) {
      id
      messages(last: 2, before: $before) {
        edges {
          cursor
          node {
            id
            body
            status
            sender {
              id
              name
            }
          }
        }
        pageInfo {
          hasPreviousPage
          startCursor
        }
      }
    }
  }
`

type Messages = Readonly<{
  chat: {
    messages: {
      edges: readonly { node: { body: string | null; status: string } }[]
      pageInfo: { hasPreviousPage: boolean; startCursor: string | null }
    }
  }
}>

test('shows messages, receipts and older pages to plain queries', async () => {
  await using parley = await startParley()
  const [alice, bob] = await Promise.all([parley.person('alice'), parley.person('bob')])
  const chatId = await alice.startChat(bob)
  for (const body of ['one', 'two', 'three', 'four', 'five']) await alice.send(chatId, body)
  await using client = await startApollo({ url: parley.url, token: bob.token, pageSize: 2 })
  const watched = client.apollo.watchQuery<Messages>({ query: MESSAGES, variables: { id: chatId } })
  watched.subscribe(() => undefined)
  const bodies = () => {
    const { data, dataState } = watched.getCurrentResult()
    return dataState === 'complete' ? data.chat.messages.edges.map(({ node }) => node.body) : undefined
  }
  await expect.poll(bodies).toEqual(['four', 'five'])
  await alice.send(chatId, 'six')
  await expect.poll(bodies).toEqual(['four', 'five', 'six'])
  const { data } = watched.getCurrentResult()
  await watched.fetchMore({
    variables: { before: (data as Messages).chat.messages.pageInfo.startCursor },
  })
  await expect.poll(bodies).toEqual(['two', 'three', 'four', 'five', 'six'])
  expect(client.apollo.readQuery({ query: CHATS })).toMatchObject({
    chats: { edges: [{ node: { id: chatId, unreadCount: 6, lastMessage: { body: 'six' } } }] },
  })
  expect(client.errors).toEqual([])
})
