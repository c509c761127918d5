// npm run bench: measures Parley and its peers side by side. See docs/performance.md.
import { join } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import { measure } from './measure/rounds.ts'
import { writeResults } from './report/write.ts'
import { SUBJECTS } from './subjects/all.ts'
import type { Subject } from './subjects/subject.ts'
import { baselineOf, parley } from './targets/parley.ts'
import type { Target } from './targets/target.ts'

type Options = Readonly<{
  rounds: number
  seconds: number
  warmUp: number
  targets?: readonly string[]
  baseline?: string
  gateways?: readonly number[]
  rates?: readonly number[]
  pairs?: number
  members?: number
  out: string
}>

const OUT = join(import.meta.dirname, '..', '.parley', 'bench')

function positive(text: string): number {
  const value = Number(text)
  if (!(value > 0)) throw new InvalidArgumentError('It must be a positive number.')
  return value
}

const listOf = (text: string): readonly string[] => text.split(',')
const numbersOf = (text: string): readonly number[] => listOf(text).map(positive)

/** Returns the subject with what the command line changes about it. */
function adapted(subject: Subject, { gateways, rates, pairs, members }: Options): Subject {
  const isOpenLoop = subject.workload === 'openLoop'
  return {
    ...subject,
    ...(gateways !== undefined && { gateways }),
    ...(rates !== undefined &&
      isOpenLoop && { steps: rates.map((perSecond) => ({ name: `${perSecond}/s`, load: { perSecond } })) }),
    opening: {
      pairs: pairs === undefined || subject.opening.pairs === 0 ? subject.opening.pairs : pairs,
      members: members === undefined || subject.opening.members === 0 ? subject.opening.members : members,
    },
  }
}

function targetsOf({ peers }: Subject, { targets: names, baseline }: Options): readonly Target[] {
  const known = [parley, ...(baseline === undefined ? [] : [baselineOf(baseline)]), ...peers]
  return known.filter(
    ({ name }) => names === undefined || names.includes(name) || name.startsWith('baseline'),
  )
}

async function run(names: readonly string[], options: Options): Promise<void> {
  const chosen = SUBJECTS.filter(({ name }) => names.length === 0 || names.includes(name))
  for (const subject of chosen.map((one) => adapted(one, options))) {
    const samples = await measure({
      subject,
      targets: targetsOf(subject, options),
      rounds: options.rounds,
      seconds: options.seconds,
      warmUpSeconds: options.warmUp,
      report: (line) => process.stderr.write(`${subject.name}: ${line}\n`),
    })
    const table = await writeResults(options.out, subject, samples)
    process.stdout.write(
      `\n${table}\n\nJSON, table and chart: ${join(options.out, subject.name)}.{json,md,svg}\n`,
    )
  }
}

const command = new Command('npm run bench --')
  .description('Measures Parley and its peers side by side, and prints medians, ratios and CPU time.')
  .argument('[subjects...]', 'what to measure (default: everything)')
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
