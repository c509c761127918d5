import type { Message } from './documents.ts'

const shown = new Set<string>()

/** Stands for your user interface. A message that is there already is not shown a second time. */
export function show({ id, sender, body }: Message): void {
  if (shown.has(id)) return
  shown.add(id)
  console.log(`${sender.name}: ${body ?? '(deleted)'}`)
}
