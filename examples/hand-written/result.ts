export type Result<Data> = { data?: Data | null | undefined; errors?: readonly ResultError[] | undefined }
type ResultError = { message: string; extensions?: { retryAfterMs?: number } | undefined }

/** The errors of an operation. */
export class OperationError extends Error {
  /** The wait that the server asks for, if it does. */
  readonly retryAfterMs: number | undefined

  constructor(errors: readonly ResultError[]) {
    super(errors.map(({ message }) => message).join('\n'))
    this.retryAfterMs = errors[0]?.extensions?.retryAfterMs
  }
}

/** Returns the data of a result. Throws an `OperationError` if there is none. */
export function dataOf<Data>({ data, errors }: Result<Data>): Data {
  if (data) return data
  throw new OperationError(errors ?? [{ message: 'The result has no data' }])
}
