import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { SessionRegistry } from '../../../src/sessions/session-registry.ts'
import type { GatewayId, UserId } from '../../../src/ids.ts'
import { alice, bob, carol, range } from '../../harness/fixtures/chat-events.ts'

/** Gateways that know of each other. Disposing closes what the test did not close. */
export type RegistryWorld = AsyncDisposable & Readonly<{ add(name: string): Promise<SessionRegistry> }>

type CreateWorld = () => RegistryWorld | Promise<RegistryWorld>

export const [east, west, north] = ['east', 'west', 'north.eu-1_A'] as [GatewayId, GatewayId, GatewayId]

/** The laws of the port, for an implementation to be put to. */
export function sessionRegistryContract(name: string, createWorld: CreateWorld): void {
  describe(`${name}: who is where`, () => {
    lookUpLaws(createWorld)
  })
  describe(`${name}: who is there at all`, () => {
    presenceLaws(createWorld)
  })
}

function lookUpLaws(createWorld: CreateWorld): void {
  test('a gateway learns on which others any of the people are, each gateway once, and never of itself', async () => {
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

  test('nobody, and people who are nowhere, are on no gateway', async () => {
    await using world = await createWorld()
    const [here] = [await world.add(east), await world.add(west)]
    expect(await here.gatewaysOf([])).toEqual(new Set())
    expect(await here.gatewaysOf([alice, bob])).toEqual(new Set())
  })

  test('the moment that somebody is attached, every other gateway finds them', async () => {
    await using world = await createWorld()
    const [here, there] = [await world.add(east), await world.add(west)]
    for (const number of range(1, 20)) {
      const somebody = `somebody ${number}` as UserId
      await there.register(somebody)
      expect(await here.gatewaysOf([somebody])).toEqual(new Set([west]))
    }
  })

  test('where somebody has no live stream any more, they are soon not found', async () => {
    await using world = await createWorld()
    const [here, there] = [await world.add(east), await world.add(west)]
    await Promise.all([there.register(alice), there.register(bob)])
    there.unregister(bob)
    await until(async () => (await here.gatewaysOf([bob])).size === 0)
    expect(await here.gatewaysOf([alice])).toEqual(new Set([west]))
  })

  test('whoever comes, goes and comes again in one breath is there', async () => {
    await using world = await createWorld()
    const [here, there] = [await world.add(east), await world.add(west)]
    const attached = there.register(bob)
    there.unregister(bob)
    await Promise.all([attached, there.register(bob)])
    there.unregister(alice)
    expect(await here.gatewaysOf([bob])).toEqual(new Set([west]))
  })

  test('all members of a large chat are looked up at once, whatever their names are', async () => {
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

function presenceLaws(createWorld: CreateWorld): void {
  test('gateways know of each other', async () => {
    await using world = await createWorld()
    const [here, there] = [await world.add(east), await world.add(west)]
    expect(await here.others()).toEqual([west])
    expect(await there.others()).toEqual([east])
    await until(async () => here.hasOthers() && there.hasOthers())
  })

  test('a gateway that closed is found no more, nor are its people, and the last one knows that it is alone', async () => {
    await using world = await createWorld()
    const [here, there] = [await world.add(east), await world.add(west)]
    await there.register(bob)
    await there.close()
    expect(await here.gatewaysOf([bob])).toEqual(new Set())
    expect(await here.others()).toEqual([])
    await until(async () => !here.hasOthers())
  })

  test('a gateway that comes back under its name is found by it, and only with the people that it has now', async () => {
    await using world = await createWorld()
    const [here, before] = [await world.add(east), await world.add(west)]
    await Promise.all([before.register(alice), before.register(bob)])
    await before.close()
    const after = await world.add(west)
    await after.register(bob)
    expect(await here.gatewaysOf([alice])).toEqual(new Set())
    expect(await here.gatewaysOf([bob])).toEqual(new Set([west]))
  })

  test('a registry may be closed again, and with people still coming: nobody waits for ever', async () => {
    await using world = await createWorld()
    const here = await world.add(east)
    const attaching = range(1, 50).map((number) => here.register(`somebody ${number}` as UserId))
    await Promise.all([here.close(), here.close(), ...attaching])
    await here.close()
    await here.register(alice)
    here.unregister(alice)
  })
}

/** The port promises some things for soon, and nothing tells when: they are looked at again and again. */
export async function until(condition: () => Promise<boolean>, deadlineMs = 10_000): Promise<void> {
  const deadline = AbortSignal.timeout(deadlineMs)
  while (!(await condition())) {
    deadline.throwIfAborted()
    await delay(10)
  }
}
