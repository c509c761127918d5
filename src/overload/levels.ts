/** The load level that clients see. At ESSENTIAL only messages flow. */
export const SERVICE_LEVELS = ['NORMAL', 'BUSY', 'ESSENTIAL'] as const
export type ServiceLevel = (typeof SERVICE_LEVELS)[number]

/**
 * How overloaded a gateway is by its own signals. BEYOND means that pausing features is not enough: clients see
 * ESSENTIAL, connected clients are served, new connections are rejected, and the heaviest senders are throttled.
 */
export const PRESSURES = [...SERVICE_LEVELS, 'BEYOND'] as const
export type Pressure = (typeof PRESSURES)[number]

/** The level that clients are told. */
export function levelOf(pressure: Pressure): ServiceLevel {
  return pressure === 'BEYOND' ? 'ESSENTIAL' : pressure
}

/** 0 for NORMAL, up to 3. */
export function rankOf(pressure: Pressure): number {
  return PRESSURES.indexOf(pressure)
}

/** The next lower pressure. NORMAL for NORMAL. */
export function below(pressure: Pressure): Pressure {
  return PRESSURES[rankOf(pressure) - 1] ?? 'NORMAL'
}

/** The lower of two pressures. */
export function lower(one: Pressure, other: Pressure): Pressure {
  return rankOf(one) < rankOf(other) ? one : other
}
