import { join } from 'node:path'
import { either as E } from 'fp-ts'
import { type FixedPlan, printPlan } from '../../passes/index.ts'
import { openData, testReference } from '../data/index.ts'
import { splitWeights } from '../open/network-source.ts'
import { trainingFiles } from '../train/checkpoint.ts'
import { answeringPlan, type Trained } from '../train/index.ts'
import { quoted } from './provenance.ts'

/** What a training was called with. */
export interface TrainedFrom {
  readonly network: string
  readonly data: string
  readonly out?: string
  readonly preprocess?: string
  readonly classes?: string
  readonly labels?: string
  readonly size?: readonly [height: number, width: number]
  readonly answers?: string
}

/** Images that the network was not trained on: to run it on, to choose plans by, to report them on; in capitals what nobody has named. */
const unseen = async (reference: string): Promise<readonly [run: string, select: string, report: string]> => {
  const test = testReference(reference)
  const opened = test === undefined ? undefined : await openData(test)
  if (test === undefined || opened === undefined || E.isLeft(opened))
    return [reference, 'images:SELECT', 'images:REPORT']
  const { count } = opened.right
  const half = Math.floor(count / 2)
  return [test, `${test}?range=0:${half}`, `${test}?range=${half}:${count}`]
}

/** The commands that run what was trained under its plan, and that search plans for it. */
export const nextCommands = async (
  flags: TrainedFrom & { readonly out: string },
  plan: FixedPlan,
  { network: trained, validation }: Pick<Trained, 'network' | 'validation'>,
): Promise<Readonly<Record<'run' | 'search', string>>> => {
  const network = flags.network.startsWith('zoo:')
    ? splitWeights(flags.network).reference
    : join(flags.out, trainingFiles.network)
  const weights = join(flags.out, validation === null ? trainingFiles.last : trainingFiles.best)
  const { preprocess, classes, labels, size, answers } = flags
  const kept = Object.entries({ answers, preprocess, classes, labels, size: size?.join('x') }).flatMap(
    ([flag, value]) => (value === undefined ? [] : [`--${flag}`, value]),
  )
  const [data, select, report] = await unseen(flags.data)
  const common = ['--network', network, '--weights', weights, ...kept]
  const program = process.env.npm_command === 'exec' ? ['npx', 'espalier'] : ['espalier']
  const written = (words: readonly string[]): string => [...program, ...words].map(quoted).join(' ')
  return {
    run: written(['run', ...common, '--plan', printPlan(answeringPlan(trained, plan)), '--data', data]),
    search: written([
      ...['search', ...common, '--budget', '2x', '--select', select, '--report', report],
      ...['--out', join(flags.out, 'plan.json')],
    ]),
  }
}
