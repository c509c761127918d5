import { expect, test } from 'vitest'
import {
  createMemorySessionRegistry,
  type MemorySessions,
} from '../../../src/sessions/memory-session-registry.ts'
import type { GatewayId } from '../../../src/ids.ts'
import { alice, bob, carol } from '../../harness/fixtures/chat-events.ts'

const [east, west, north] = ['east', 'west', 'north'] as [GatewayId, GatewayId, GatewayId]

function registries() {
  const sessions: MemorySessions = new Map()
  const registry = (id: GatewayId) => createMemorySessionRegistry(id, sessions)
  return { east: registry(east), west: registry(west), north: registry(north) }
}

test('finds the other gateways of users, each once, and never the own gateway', async () => {
  const at = registries()
  await at.east.register(alice)
  await at.west.register(alice)
  await at.west.register(bob)
  await at.north.register(carol)
  expect(await at.east.gatewaysOf([alice, bob])).toEqual(new Set([west]))
  expect(await at.east.gatewaysOf([bob, carol])).toEqual(new Set([west, north]))
  expect(await at.east.gatewaysOf([])).toEqual(new Set())
})

test('does not find a user who was unregistered', async () => {
  const at = registries()
  await at.west.register(bob)
  at.west.unregister(bob)
  expect(await at.east.gatewaysOf([bob])).toEqual(new Set())
})

test('does not find a closed gateway, and the last gateway is alone', async () => {
  const at = registries()
  await at.west.register(bob)
  expect(at.east.hasOthers()).toBe(true)
  await at.west.close()
  await at.north.close()
  expect(await at.east.gatewaysOf([bob])).toEqual(new Set())
  expect(at.east.hasOthers()).toBe(false)
})
