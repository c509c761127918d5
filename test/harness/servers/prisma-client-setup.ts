/**
 * Generates the Prisma clients that are missing or older than their schemas: test files import Parley's own, and the
 * tests of types read the benchmarks too.
 */
export default async function setup(): Promise<void> {
  await import('../../../scripts/generate.ts')
}
