/** What clients are told of load, from all is well to messages alone. */
export const SERVICE_LEVELS = ['NORMAL', 'BUSY', 'ESSENTIAL'] as const
export type ServiceLevel = (typeof SERVICE_LEVELS)[number]

/**
 * How hard a gateway is pressed. BEYOND is ESSENTIAL for clients, and more than pausing can help with: whoever is here
 * is served, newcomers are turned away, and the heaviest senders are held back.
 */
export const PRESSURES = [...SERVICE_LEVELS, 'BEYOND'] as const
export type Pressure = (typeof PRESSURES)[number]

/** The level that clients are told of. */
export function levelOf(pressure: Pressure): ServiceLevel {
  return pressure === 'BEYOND' ? 'ESSENTIAL' : pressure
}

/** 0 for NORMAL, up to 3. */
export function rankOf(pressure: Pressure): number {
  return PRESSURES.indexOf(pressure)
}

/** The one below; NORMAL has none. */
export function below(pressure: Pressure): Pressure {
  return PRESSURES[rankOf(pressure) - 1] ?? 'NORMAL'
}

/** The lower of two. */
export function lower(one: Pressure, other: Pressure): Pressure {
  return rankOf(one) < rankOf(other) ? one : other
}
