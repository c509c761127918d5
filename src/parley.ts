import { createDomains } from './composition/domains.ts'
import { createFoundation } from './composition/foundation.ts'
import { createLifecycle, type Lifecycle } from './composition/lifecycle.ts'
import type { Overrides } from './composition/overrides.ts'
import { createTransport } from './composition/transport.ts'
import type { Config } from './config/config.ts'
import type { Secrets } from './config/secrets.ts'
import type { Logger } from './telemetry/logger.ts'

/** One instance: a gateway with every domain in it. Several can live in one process. */
export type Parley = Lifecycle

/** Puts an instance together; nothing connects or listens before `start`. The one place that constructs. */
export function createParley(
  config: Config,
  secrets: Secrets,
  logger: Logger,
  overrides: Overrides = {},
): Parley {
  const foundation = createFoundation(config, secrets, logger, overrides)
  const domains = createDomains(foundation)
  const transport = createTransport(foundation, domains)
  return createLifecycle(foundation, domains, transport)
}
