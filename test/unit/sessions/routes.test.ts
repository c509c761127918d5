import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ChatId, GatewayId, UserId } from '../../../src/ids.ts'
import {
  createMemorySessionRegistry,
  type MemorySessions,
} from '../../../src/sessions/memory-session-registry.ts'
import { createRoutes, type Route } from '../../../src/sessions/routes.ts'
import type { SessionRegistry } from '../../../src/sessions/session-registry.ts'
import { alice, bob, carol, chatId, range } from '../../harness/fixtures/chat-events.ts'

const [west, north] = ['west', 'north'] as [GatewayId, GatewayId]
const [tea, coffee] = [chatId('tea'), chatId('coffee')]

/** Three gateways with exact registries. The routes are those of the first. Counts its look-ups. */
function world() {
  const all: MemorySessions = new Map()
  const here = createMemorySessionRegistry('east' as GatewayId, all)
  const at = new Map([west, north].map((id) => [id, createMemorySessionRegistry(id, all)]))
  const state = { elapsedMs: 0, lookUps: 0, isDown: false }
  const sessions: Pick<SessionRegistry, 'gatewaysOf'> = {
    async gatewaysOf(userIds) {
      state.lookUps += 1
      if (state.isDown) throw new Error('The registry is down')
      return here.gatewaysOf(userIds)
    },
  }
  return {
    state,
    routes: createRoutes({ sessions, elapsedMs: () => state.elapsedMs }),
    register: (gatewayId: GatewayId, userId: UserId) => at.get(gatewayId)?.register(userId),
    unregister: (gatewayId: GatewayId, userId: UserId) => at.get(gatewayId)?.unregister(userId),
  }
}

/** All gateways that an event goes to. */
async function reached({ gateways, missed }: Route): Promise<ReadonlySet<GatewayId>> {
  return gateways.union(await missed)
}

test('an event goes to the gateways of the last one at once, and then to those that have come since', async () => {
  const { routes, register } = world()
  await register(west, alice)
  expect(await routes.find(tea, [alice, bob])).toMatchObject({ gateways: new Set([west]) })
  await register(north, bob)
  const { gateways, missed } = await routes.find(tea, [alice, bob])
  expect(gateways).toEqual(new Set([west]))
  expect(await missed).toEqual(new Set([north]))
  expect(await routes.find(tea, [alice, bob])).toMatchObject({ gateways: new Set([west, north]) })
})

test('a hundred events of ten chats with the same gateways are looked up together', async () => {
  const { routes, register, state } = world()
  await register(west, alice)
  const chats = range(1, 10).map((number) => chatId(`chat ${number}`))
  for (const chat of chats) await routes.find(chat, [alice])
  state.lookUps = 0
  const found = await Promise.all(
    range(0, 99).map((number) => routes.find(chats[number % 10] as ChatId, [alice])),
  )
  await Promise.all(found.map(({ missed }) => missed))
  expect(state.lookUps).toBe(1)
})

test('every gateway is reached that serves a member when an event is routed, whatever happened before', async () => {
  const change = fc.record({
    gatewayId: fc.constantFrom(west, north),
    userId: fc.constantFrom(alice, bob, carol),
    isComing: fc.boolean(),
  })
  const turns = fc.array(fc.record({ changes: fc.array(change, { maxLength: 3 }), isLater: fc.boolean() }), {
    maxLength: 8,
  })
  await fc.assert(
    fc.asyncProperty(turns, async (steps) => {
      const { routes, register, unregister, state } = world()
      const members: readonly (readonly [ChatId, readonly UserId[]])[] = [
        [tea, [alice, bob]],
        [coffee, [bob, carol]],
      ]
      const serving = new Map([west, north].map((id) => [id, new Set<UserId>()]))
      for (const { changes, isLater } of steps) {
        if (isLater) state.elapsedMs += 10_000
        for (const { gatewayId, userId, isComing } of changes) {
          if (isComing) await register(gatewayId, userId)
          else unregister(gatewayId, userId)
          serving.get(gatewayId)?.[isComing ? 'add' : 'delete'](userId)
        }
        const found = await Promise.all(members.map(async ([chat, userIds]) => routes.find(chat, userIds)))
        for (const [index, [, userIds]] of members.entries()) {
          const needed = [...serving].filter(([, users]) => userIds.some((userId) => users.has(userId)))
          const goals = await reached(found[index] as Route)
          for (const [gatewayId] of needed) expect(goals).toContain(gatewayId)
        }
      }
    }),
    { numRuns: 30 },
  )
})

test('a gateway that serves no member any more gets no event ten seconds later', async () => {
  const { routes, register, unregister, state } = world()
  await register(west, alice)
  await routes.find(tea, [alice])
  unregister(west, alice)
  expect(await routes.find(tea, [alice])).toMatchObject({ gateways: new Set([west]) })
  state.elapsedMs += 10_000
  await (
    await routes.find(tea, [alice])
  ).missed
  expect(await routes.find(tea, [alice])).toMatchObject({ gateways: new Set() })
})

test('a look-up that fails rejects, and the next event is looked up again', async () => {
  const { routes, register, state } = world()
  state.isDown = true
  await expect(routes.find(tea, [alice])).rejects.toThrow('down')
  state.isDown = false
  await routes.find(tea, [alice])
  state.isDown = true
  await expect((await routes.find(tea, [alice])).missed).rejects.toThrow('down')
  state.isDown = false
  await register(west, alice)
  expect(await reached(await routes.find(tea, [alice]))).toEqual(new Set([west]))
})
