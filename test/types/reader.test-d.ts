import type { Prisma } from '../../src/store/generated/client.ts'
import type { Reader, Snapshot } from '../../src/store/sql/reader.ts'
import type { Writer } from '../../src/store/sql/writer.ts'

// Compiled by the type check and never run: what must not compile, and next to it what must.

const user = { id: 'alice', name: 'Alice', claimsIssuedAt: new Date(0) } satisfies Prisma.UserCreateInput
const statement = { name: 'one', text: 'SELECT 1' }

export async function readerReads(reader: Reader): Promise<readonly string[]> {
  const users = await reader.prisma.user.findMany({ where: { name: 'Alice' }, select: { id: true } })
  const { _max: max } = await reader.prisma.chatEvent.aggregate({ _max: { seq: true } })
  const counts = await reader.prisma.member.groupBy({ by: ['chatId'], _count: true })
  const total: number = await reader.prisma.message.count()
  const rows = await reader.snapshot((snapshot) => snapshot.query<{ id: string }>(statement))
  return [...users.map(({ id }) => id), ...rows.map(({ id }) => id), `${max.seq} ${counts.length} ${total}`]
}

export async function readerDoesNotWrite(reader: Reader): Promise<void> {
  // @ts-expect-error a reader can't create
  await reader.prisma.user.create({ data: user })
  // @ts-expect-error nor several
  await reader.prisma.user.createMany({ data: [user] })
  // @ts-expect-error nor update
  await reader.prisma.user.update({ where: { id: 'alice' }, data: user })
  // @ts-expect-error nor upsert
  await reader.prisma.user.upsert({ where: { id: 'alice' }, create: user, update: user })
  // @ts-expect-error nor delete
  await reader.prisma.user.delete({ where: { id: 'alice' } })
  // @ts-expect-error nor delete several
  await reader.prisma.user.deleteMany()
  // @ts-expect-error nor run SQL past its own query
  await reader.prisma.$executeRaw`DELETE FROM users`
  // @ts-expect-error in none of the ways that Prisma has
  await reader.prisma.$queryRawUnsafe('DELETE FROM users RETURNING id')
  // @ts-expect-error nor begin a transaction that could
  await reader.prisma.$transaction([])
  // @ts-expect-error its own transactions are snapshots
  await reader.transaction(async () => undefined)
  // @ts-expect-error a snapshot can't write either
  await reader.snapshot((snapshot) => snapshot.prisma.user.deleteMany())
}

export function readersAreNotWriters(reader: Reader, snapshot: Snapshot): void {
  // @ts-expect-error
  const writer: Writer = reader
  // @ts-expect-error
  const other: Reader = snapshot
  void [writer, other]
}

export async function transactionsWrite(writer: Writer): Promise<void> {
  await writer.transaction(async (tx) => {
    await tx.prisma.user.create({ data: user })
    await tx.query(statement, ['alice'])
    // @ts-expect-error transactions don't nest
    await tx.transaction(async () => undefined)
  })
}
