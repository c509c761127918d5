import { type ApolloClient, gql } from '@apollo/client'
import { createApolloClient } from '../../../examples/apollo-client.ts'
import { followInbox } from '../../../examples/apollo-inbox.ts'
import { CHATS } from '../../../examples/hand-written/documents.ts'
import type { ChatData } from '../../harness/people/documents.ts'
import { EventQueue } from '../../harness/fixtures/event-queue.ts'
import { Person } from '../../harness/people/person.ts'

/** A chat in the result of the app's query. */
export type Shown = ChatData & Readonly<{ messages: { pageInfo: { startCursor: string } } }>
type ChatsData = Readonly<{ chats: { edges: readonly { node: Shown }[] } }>

/** An app on a phone: a client, its inbox, and what its components see after each change of the cache. */
export class App implements AsyncDisposable {
  readonly client: ApolloClient
  readonly #person: Person
  readonly #seen = new EventQueue<readonly Shown[]>()
  readonly #stop: () => void

  /** `httpUrl` is another address of the API, for queries and mutations. */
  constructor({ token, name }: Person, url: string, httpUrl = url) {
    this.#person = new Person({ url, token, name })
    this.client = createApolloClient(httpUrl, () => token, this.#person.socket)
    const inbox = followInbox(this.client, 'phone')
    const components = this.client
      .watchQuery<ChatsData>({ query: gql(CHATS), fetchPolicy: 'cache-only' })
      .subscribe(({ data, dataState }) => {
        if (dataState === 'complete') this.#seen.push(data.chats.edges.map(({ node }) => node))
      })
    this.#stop = () => {
      inbox.unsubscribe()
      components.unsubscribe()
    }
  }

  /** Waits until the components see this state of the chat. */
  async shows(chatId: string, isSo: (chat: Shown) => boolean): Promise<Shown> {
    const find = (chats?: readonly Shown[]): Shown | undefined => chats?.find(({ id }) => id === chatId)
    const all = await this.#seen.until((seen) => {
      const chat = find(seen.at(-1))
      return chat !== undefined && isSo(chat)
    })
    return find(all.at(-1)) as Shown
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop()
    this.client.stop()
    await this.#person[Symbol.asyncDispose]()
  }
}
