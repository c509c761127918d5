import { expectTypeOf, test } from 'vitest'
import type { Prisma } from '../../src/store/generated/client.ts'
import type { Reader, Snapshot } from '../../src/store/sql/reader.ts'
import type { Writer } from '../../src/store/sql/writer.ts'

// These tests are compiled and never run. They hold what must not compile, next to what must.

declare const reader: Reader
declare const snapshot: Snapshot
declare const writer: Writer

const user = { id: 'alice', name: 'Alice', claimsIssuedAt: new Date(0) } satisfies Prisma.UserCreateInput
const statement = { name: 'one', text: 'SELECT 1' }

test('a reader reads through Prisma and by SQL', async () => {
  const users = await reader.prisma.user.findMany({ where: { name: 'Alice' }, select: { id: true } })
  expectTypeOf(users).toEqualTypeOf<{ id: string }[]>()
  const { _max: max } = await reader.prisma.chatEvent.aggregate({ _max: { seq: true } })
  expectTypeOf(max.seq).toEqualTypeOf<number | null>()
  const counts = await reader.prisma.member.groupBy({ by: ['chatId'], _count: true })
  expectTypeOf(counts.length).toEqualTypeOf<number>()
  expectTypeOf(await reader.prisma.message.count()).toEqualTypeOf<number>()
  const rows = await reader.snapshot((current) => current.query<{ id: string }>(statement))
  expectTypeOf(rows[0]?.id).toEqualTypeOf<string | undefined>()
})

test('a reader has no methods that write rows', async () => {
  // @ts-expect-error create one
  await reader.prisma.user.create({ data: user })
  // @ts-expect-error create several
  await reader.prisma.user.createMany({ data: [user] })
  // @ts-expect-error update
  await reader.prisma.user.update({ where: { id: 'alice' }, data: user })
  // @ts-expect-error upsert
  await reader.prisma.user.upsert({ where: { id: 'alice' }, create: user, update: user })
  // @ts-expect-error delete one
  await reader.prisma.user.delete({ where: { id: 'alice' } })
  // @ts-expect-error delete several
  await reader.prisma.user.deleteMany()
})

test('a reader runs SQL only through its own query method', async () => {
  // @ts-expect-error a raw statement
  await reader.prisma.$executeRaw`DELETE FROM users`
  // @ts-expect-error a raw query
  await reader.prisma.$queryRawUnsafe('DELETE FROM users RETURNING id')
})

test('a reader has snapshots instead of transactions', async () => {
  // @ts-expect-error a Prisma transaction could write
  await reader.prisma.$transaction([])
  // @ts-expect-error no transaction
  await reader.transaction(async () => undefined)
  // @ts-expect-error a snapshot does not write
  await reader.snapshot((current) => current.prisma.user.deleteMany())
})

test('readers and snapshots do not replace each other or a writer', () => {
  // @ts-expect-error a reader is no writer
  expectTypeOf(reader).toExtend<Writer>()
  // @ts-expect-error a snapshot is no reader
  expectTypeOf(snapshot).toExtend<Reader>()
})

test('a transaction writes, and transactions do not nest', async () => {
  await writer.transaction(async (tx) => {
    await tx.prisma.user.create({ data: user })
    await tx.query(statement, ['alice'])
    // @ts-expect-error no nested transaction
    await tx.transaction(async () => undefined)
  })
})
