/** The answer of a double to one request. */
export type Answer = Readonly<{ status: number; headers?: Readonly<Record<string, string>>; body?: string }>

/** The double has the request, and breaks the connection instead of answering. */
export const LOST: Answer = { status: 0 }
