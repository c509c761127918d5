import type { GraphQLSchema } from 'graphql'
import { freePort } from '../../../../test/harness/network/free-port.ts'
import { startParley, type TestParley, UNLIMITED } from '../../../../test/harness/servers/parley.ts'

/** A gateway for pages of another origin. It counts what the tabs open. */
export type TabsServer = TestParley &
  Readonly<{
    /** Inboxes that are open now, as the server sees them. */
    inboxes(): number
    /** WebSocket connections that are open now, as the server sees them. */
    sockets(): Promise<number>
  }>

export async function startTabsServer(origin: string): Promise<TabsServer> {
  const adminPort = await freePort()
  let inboxes = 0
  const http = {
    host: '127.0.0.1',
    port: 0,
    allowedOrigins: [origin],
    allowedHeaders: [],
    trustedProxies: [],
  }
  const parley = await startParley({
    config: { ...UNLIMITED, http, admin: { host: '127.0.0.1', port: adminPort } },
    overrides: { adaptSchema: (schema) => counting(schema, (change) => (inboxes += change)) },
  })
  return {
    ...parley,
    inboxes: () => inboxes,
    async sockets() {
      const text = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text()
      return Number(/^parley_connections (\d+)/m.exec(text)?.[1])
    },
  }
}

/** Reports each inbox that starts, and each one that ends. */
function counting<Schema extends GraphQLSchema>(schema: Schema, onChange: (change: 1 | -1) => void): Schema {
  const field = schema.getSubscriptionType()?.getFields()['inbox']
  const { subscribe } = field ?? {}
  if (field === undefined || subscribe === undefined) throw new Error('The schema has no inbox.')
  field.subscribe = async (...args) => {
    const stream = (await subscribe(...args)) as AsyncGenerator<unknown>
    onChange(1)
    let isOpen = true
    const end = (): void => {
      if (isOpen) onChange(-1)
      isOpen = false
    }
    return {
      next: async () => {
        const result = await stream.next()
        if (result.done === true) end()
        return result
      },
      return(value: unknown) {
        end()
        return stream.return(value)
      },
      throw: (error: unknown) => stream.throw(error),
      [Symbol.asyncIterator]() {
        return this
      },
    }
  }
  return schema
}
