/** The answer of a double to one request. */
export type Answer = Readonly<{ status: number; headers?: Readonly<Record<string, string>>; body?: string }>
