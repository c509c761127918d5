// npm run bench: measures Parley and its peers side by side. See docs/performance.md.
import { join } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import { SUBJECTS } from './subjects/all.ts'
import type { Options } from './subjects/subject.ts'

const OUT = join(import.meta.dirname, '..', '.parley', 'bench')

function positive(text: string): number {
  const value = Number(text)
  if (!(value > 0)) throw new InvalidArgumentError('It must be a positive number.')
  return value
}

const listOf = (text: string): readonly string[] => text.split(',')
const numbersOf = (text: string): readonly number[] => listOf(text).map(positive)

async function run(names: readonly string[], options: Options): Promise<void> {
  for (const { name, isLong = false, run: measure } of SUBJECTS) {
    if (names.length === 0 ? isLong : !names.includes(name)) continue
    process.stdout.write(`${await measure(options)}\n\nFiles: ${join(options.out, name)}*\n\n`)
  }
}

const command = new Command('npm run bench --')
  .description('Measures Parley and its peers side by side, and prints medians, ratios and CPU time.')
  .argument(
    '[subjects...]',
    'what to measure (default: all but peak, growth, scroll, attacks and uploads, half an hour)',
  )
  .option('-r, --rounds <count>', 'runs of each system and step', positive, 3)
  .option('-s, --seconds <seconds>', 'duration of a run', positive, 8)
  .option('-w, --warm-up <seconds>', 'duration of the run before, which does not count', positive, 3)
  .option('-t, --targets <names>', 'the systems to measure, comma-separated (default: all)', listOf)
  .option(
    '-b, --baseline <folder>',
    'another checkout of Parley, to compare a change with the state before it',
  )
  .option('-g, --gateways <counts>', 'numbers of gateways, comma-separated', numbersOf)
  .option('--rates <rates>', 'messages a second in open loops, comma-separated', numbersOf)
  .option('--pairs <count>', 'senders with a recipient each', positive)
  .option('--members <count>', 'members of a group', positive)
  .option('--messages <counts>', 'sizes of the databases of growth, comma-separated', numbersOf)
  .option('-p, --profile', 'also take a CPU profile of the first gateway, in one more run')
  .option('-o, --out <folder>', 'where results are written', OUT)
  .addHelpText(
    'after',
    ['', 'Subjects:', ...SUBJECTS.map(({ name, summary }) => `  ${name.padEnd(10)} ${summary}`)].join('\n'),
  )
  .action(async (names: readonly string[], options: Options) => {
    const unknown = names.filter((name) => !SUBJECTS.some((subject) => subject.name === name))
    if (unknown.length > 0) command.error(`There is no subject ${unknown.join(', ')}. --help lists them.`)
    await run(names, options)
  })

await command.parseAsync()
