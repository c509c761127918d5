import { expect, test, vi } from 'vitest'
import { createHealth } from '../../../src/transport/health/health.ts'
import type { HealthCheck } from '../../../src/transport/health/health.ts'
import { createLogger } from '../../../src/telemetry/logger.ts'

const logger = createLogger({ level: 'silent', pretty: false })

test('counts a check without an answer in time as failed, and does not start it twice at once', async () => {
  const hanging = Promise.withResolvers<void>()
  const check = vi.fn<HealthCheck>(() => hanging.promise)
  const health = createHealth({ checks: { database: check }, logger, deadlineMs: 20, keepMs: 0 })
  health.markReady()
  expect((await health.readiness()).status).toBe('ready')
  expect((await health.readiness()).status).toBe('failing')
  expect((await health.readiness()).status).toBe('failing')
  expect(check).toHaveBeenCalledTimes(1)
  hanging.resolve()
  expect((await health.readiness()).status).toBe('ready')
})

test('runs one check for many requests at once', async () => {
  const check = vi.fn<HealthCheck>(async () => undefined)
  const health = createHealth({ checks: { database: check }, logger })
  await Promise.all([1, 2, 3].map(() => health.readiness()))
  expect(check).toHaveBeenCalledTimes(1)
})

test('counts a check that throws as failed', async () => {
  const check: HealthCheck = () => {
    throw new Error('not even started')
  }
  const health = createHealth({ checks: { database: check }, logger, keepMs: 0 })
  health.markReady()
  await health.readiness()
  expect((await health.readiness()).checks).toEqual({ database: 'slow or failing' })
})

test('is never ready again once it drains', async () => {
  const health = createHealth({ checks: {}, logger })
  health.markDraining()
  health.markReady()
  expect((await health.readiness()).status).toBe('draining')
})
