import { readFile } from 'node:fs/promises'

/** One line of an exchange in a document. `step` is an instruction for the test, such as: Alice sends "Hello". */
export type RecordedLine = Readonly<{ kind: 'sent' | 'received' | 'step'; text: string }>

const KINDS = { '→': 'sent', '←': 'received', '#': 'step' } as const

/** Returns the lines of all `jsonl` blocks of a document, in order. */
export async function recordedExchange(file: string): Promise<readonly RecordedLine[]> {
  const blocks = [...(await readFile(file, 'utf8')).matchAll(/^```jsonl\n(.*?)^```$/gms)]
  return blocks.flatMap(([, block = '']) =>
    block
      .trim()
      .split('\n')
      .map((line) => ({ kind: KINDS[line.charAt(0) as keyof typeof KINDS], text: line.slice(2) })),
  )
}

/** Returns a received message as the documents show it: with names in place of ids, and without times. */
export function asRecorded(message: unknown, chatId: string): string {
  return JSON.stringify(message)
    .replaceAll(new RegExp(`"message_${chatId.replace('chat_', '')}_(\\d+)"`, 'g'), '"<message $1>"')
    .replaceAll(chatId, '<chat>')
    .replaceAll(/"\d{4}-\d\d-\d\dT[\d:.]+Z"/g, '"<time>"')
}
