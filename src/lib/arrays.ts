/** Removes the first occurrence of the value, if there is one. */
export function removeFrom<Value>(values: Value[], value: Value): void {
  const index = values.indexOf(value)
  if (index >= 0) values.splice(index, 1)
}
