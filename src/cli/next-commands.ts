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

/** Other data of the kind that a reference names, which nobody has named. */
const unnamed = (reference: string, name: string): string => {
  const form = /^(?:(masks|pairs):|(downscale:\d+,))/.exec(reference)
  if (form === null) return `images:${name}`
  const [, folders, downscaled] = form
  return folders === undefined ? `${downscaled}images:${name}` : `${folders}:${name},${name}_${folders.toUpperCase()}`
}

/** Images that the network was not trained on: to run it on, to choose plans by, to report them on; in capitals what nobody has named. */
const unseen = async (reference: string): Promise<readonly [run: string, select: string, report: string]> => {
  const test = testReference(reference)
  const opened = test === undefined ? undefined : await openData(test)
  if (test === undefined || opened === undefined || E.isLeft(opened))
    return [reference, unnamed(reference, 'SELECT'), unnamed(reference, 'REPORT')]
  const { count } = opened.right
  const half = Math.floor(count / 2)
  return [test, `${test}?range=0:${half}`, `${test}?range=${half}:${count}`]
}

/** The network as its file has it where that leaves sizes open, so that it runs at others too; else as the training's folder has it. */
const networkOf = ({ network, size, out }: TrainedFrom & { readonly out: string }): string => {
  if (network.startsWith('zoo:')) return splitWeights(network).reference
  return size === undefined ? join(out, trainingFiles.network) : network
}

/** The commands that run what was trained under its plan, and that search plans for it. */
export const nextCommands = async (
  flags: TrainedFrom & { readonly out: string },
  plan: FixedPlan,
  { network: trained, validation }: Pick<Trained, 'network' | 'validation'>,
): Promise<Readonly<Record<'run' | 'search', string>>> => {
  const network = networkOf(flags)
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
