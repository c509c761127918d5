/** Returns the name of the operation to run. Some clients send an empty text if there is none. */
export function operationNameIn({
  operationName,
}: Readonly<{ operationName?: string | null | undefined }>): string | undefined {
  return operationName === '' ? undefined : (operationName ?? undefined)
}
