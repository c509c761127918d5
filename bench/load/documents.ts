/** The operations of the load. The peers that speak GraphQL serve the same ones, and bare ws knows them by name. */

export const INBOX = `subscription Inbox($deviceId: String) {
  inbox(deviceId: $deviceId) {
    __typename
    ... on MessageSent { message { id body sentAt sender { id name } chat { id } } }
  }
}`

export const SEND = `mutation Send($input: SendMessageInput!) { sendMessage(input: $input) { message { id } } }`

export const START_DIRECT_CHAT = `mutation StartDirectChat($input: StartDirectChatInput!) {
  startDirectChat(input: $input) { chat { id } }
}`

export const CREATE_GROUP = `mutation CreateGroup($input: CreateGroupInput!) {
  createGroup(input: $input) { chat { id } }
}`

export const HISTORY = `query History($id: ID!, $last: Int, $before: String) {
  chat(id: $id) {
    messages(last: $last, before: $before) { edges { cursor node { id body sentAt sender { id name } } } }
  }
}`

/** Returns the message of graphql-transport-ws that starts an operation. */
export function subscribeText(id: string, query: string, variables: object): string {
  const operationName = /^\w+ (\w+)/.exec(query)?.[1]
  return JSON.stringify({ id, type: 'subscribe', payload: { operationName, query, variables } })
}
