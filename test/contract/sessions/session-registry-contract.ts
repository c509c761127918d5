import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { SessionRegistry } from '../../../src/sessions/session-registry.ts'
import type { GatewayId, UserId } from '../../../src/ids.ts'
import { alice, bob, carol, range } from '../../harness/fixtures/chat-events.ts'

/** Gateways that share one registry. Disposing closes what the test did not close. */
export type RegistryWorld = AsyncDisposable & Readonly<{ add(name: string): Promise<SessionRegistry> }>

type CreateWorld = () => RegistryWorld | Promise<RegistryWorld>

export const [east, west, north] = ['east', 'west', 'north.eu-1_A'] as [GatewayId, GatewayId, GatewayId]

/** The laws of the port, as tests of one implementation. */
export function sessionRegistryContract(name: string, createWorld: CreateWorld): void {
  describe(`${name}: lookups`, () => {
    lookupLaws(createWorld)
  })
  describe(`${name}: live gateways`, () => {
    gatewayLaws(createWorld)
  })
}

function lookupLaws(createWorld: CreateWorld): void {
  test('finds the other gateways of users, each once, and never the own gateway', async () => {
    await using world = await createWorld()
    const at = [await world.add(east), await world.add(west), await world.add(north)] as const
    await Promise.all([
      at[0].register(alice),
      at[1].register(alice),
      at[1].register(bob),
      at[2].register(carol),
    ])
    expect(await at[0].gatewaysOf([alice, bob])).toEqual(new Set([west]))
    expect(await at[0].gatewaysOf([bob, carol])).toEqual(new Set([west, north]))
    expect(await at[1].gatewaysOf([alice, alice])).toEqual(new Set([east]))
  })

  test('finds no gateway for no users, or for users who are not connected', async () => {
    await using world = await createWorld()
    const [here] = [await world.add(east), await world.add(west)]
    expect(await here.gatewaysOf([])).toEqual(new Set())
    expect(await here.gatewaysOf([alice, bob])).toEqual(new Set())
  })

  test('finds a user as soon as the registration has resolved', async () => {
    await using world = await createWorld()
    const [here, there] = [await world.add(east), await world.add(west)]
    for (const number of range(1, 20)) {
      const userId = `user ${number}` as UserId
      await there.register(userId)
      expect(await here.gatewaysOf([userId])).toEqual(new Set([west]))
    }
  })

  test('soon does not find a user who was unregistered', async () => {
    await using world = await createWorld()
    const [here, there] = [await world.add(east), await world.add(west)]
    await Promise.all([there.register(alice), there.register(bob)])
    there.unregister(bob)
    await until(async () => (await here.gatewaysOf([bob])).size === 0)
    expect(await here.gatewaysOf([alice])).toEqual(new Set([west]))
  })

  test('finds a user who registers, unregisters and registers again at once', async () => {
    await using world = await createWorld()
    const [here, there] = [await world.add(east), await world.add(west)]
    const registered = there.register(bob)
    there.unregister(bob)
    await Promise.all([registered, there.register(bob)])
    there.unregister(alice)
    expect(await here.gatewaysOf([bob])).toEqual(new Set([west]))
  })

  test('looks up all members of a large chat at once, whatever their ids are', async () => {
    await using world = await createWorld()
    const [here, there, elsewhere] = [await world.add(east), await world.add(west), await world.add(north)]
    const odd = ['{5}', '}{', '*', ' ', 'parley:gateways', '👩‍👩‍👧', '__proto__', 'x'.repeat(255)]
    const members = [...odd, ...range(1, 1_024).map((number) => `member ${number}`)] as UserId[]
    await Promise.all(members.map((member) => there.register(member)))
    await elsewhere.register('member 1024' as UserId)
    expect(await here.gatewaysOf(members)).toEqual(new Set([west, north]))
    for (const member of odd as UserId[]) expect(await here.gatewaysOf([member])).toEqual(new Set([west]))
  })
}

function gatewayLaws(createWorld: CreateWorld): void {
  test('gateways find each other', async () => {
    await using world = await createWorld()
    const [here, there] = [await world.add(east), await world.add(west)]
    expect(await here.others()).toEqual([west])
    expect(await there.others()).toEqual([east])
    await until(async () => here.hasOthers() && there.hasOthers())
  })

  test('does not find a closed gateway or its users, and the last gateway is alone', async () => {
    await using world = await createWorld()
    const [here, there] = [await world.add(east), await world.add(west)]
    await there.register(bob)
    await there.close()
    expect(await here.gatewaysOf([bob])).toEqual(new Set())
    expect(await here.others()).toEqual([])
    await until(async () => !here.hasOthers())
  })

  test('finds a restarted gateway only for the users that it has now', async () => {
    await using world = await createWorld()
    const [here, before] = [await world.add(east), await world.add(west)]
    await Promise.all([before.register(alice), before.register(bob)])
    await before.close()
    const after = await world.add(west)
    await after.register(bob)
    expect(await here.gatewaysOf([alice])).toEqual(new Set())
    expect(await here.gatewaysOf([bob])).toEqual(new Set([west]))
  })

  test('resolves every registration if it is closed, twice, at the same time', async () => {
    await using world = await createWorld()
    const here = await world.add(east)
    const registering = range(1, 50).map((number) => here.register(`user ${number}` as UserId))
    await Promise.all([here.close(), here.close(), ...registering])
    await here.close()
    await here.register(alice)
    here.unregister(alice)
  })
}

/** Polls the condition: the port promises some things for soon, without an event. */
export async function until(condition: () => Promise<boolean>, deadlineMs = 10_000): Promise<void> {
  const deadline = AbortSignal.timeout(deadlineMs)
  while (!(await condition())) {
    deadline.throwIfAborted()
    await delay(10)
  }
}
