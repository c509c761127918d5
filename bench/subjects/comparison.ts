import { measure } from '../measure/rounds.ts'
import { keepProfile, writeResults } from '../report/write.ts'
import { baselineOf, parley } from '../targets/parley.ts'
import type { Target } from '../targets/target.ts'
import type { Comparison, Options, Subject } from './subject.ts'

/** Returns the subject that makes a comparison, changed as the command line asks. */
export function compare(comparison: Comparison): Subject {
  const { name, summary } = comparison
  return {
    name,
    summary,
    async run(options) {
      const subject = adapted(comparison, options)
      const results = await measure({
        subject,
        targets: targetsOf(subject, options),
        rounds: options.rounds,
        seconds: options.seconds,
        warmUpSeconds: options.warmUp,
        onProfile: options.profile === true ? (taken) => keepProfile(options.out, name, taken) : undefined,
        report: (line) => process.stderr.write(`${name}: ${line}\n`),
      })
      // A peer may fail. Parley may not.
      if (results.failures.some(({ target }) => !isPeer(subject, target))) process.exitCode = 1
      return writeResults(options.out, subject, results)
    },
  }
}

function isPeer({ peers }: Comparison, name: string): boolean {
  return peers.some((peer) => peer.name === name)
}

function adapted(comparison: Comparison, { gateways, rates, pairs, members }: Options): Comparison {
  const { opening, workload, steps } = comparison
  const isRated = rates !== undefined && workload === 'openLoop' && steps.length > 1
  return {
    ...comparison,
    ...(gateways !== undefined && { gateways }),
    steps: isRated
      ? rates.map((perSecond) => ({ name: `${perSecond.toLocaleString('en')}/s`, load: { perSecond } }))
      : steps,
    opening: {
      pairs: opening.pairs === 0 ? 0 : (pairs ?? opening.pairs),
      members: opening.members === 0 ? 0 : (members ?? opening.members),
    },
  }
}

function targetsOf({ peers }: Comparison, { targets: names, baseline }: Options): readonly Target[] {
  const baselines = baseline === undefined ? [] : [baselineOf(baseline)]
  const isChosen = ({ name }: Target): boolean => names === undefined || names.includes(name)
  return [...[parley].filter(isChosen), ...baselines, ...peers.filter(isChosen)]
}
