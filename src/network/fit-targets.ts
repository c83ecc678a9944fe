import { either as E } from 'fp-ts'
import { EspalierError, shapeOf } from '../../ir/index.ts'
import type { OutputKind } from '../../passes/index.ts'
import { sourceProblem } from '../base/error.ts'
import type { DataSet, Example, TargetKind } from '../data/index.ts'
import type { Named } from './fit-data.ts'
import { imageType, outputsOf } from './network.ts'

/** Kinds of answers that are held against each kind of target. */
const answersTo: Readonly<Record<TargetKind, readonly OutputKind[]>> = {
  mask: ['map-classes', 'map-labels'],
  image: ['map-values'],
  numbers: ['labels', 'values'],
  class: ['embedding'],
}

const called: Readonly<Record<TargetKind, string>> = {
  mask: 'masks',
  image: 'images to be had back',
  numbers: 'columns of numbers',
  class: 'classes of images',
}

/** The output that is held against the targets of a data set. */
export interface Measured {
  readonly target: TargetKind
  readonly output: string
  readonly kind: OutputKind
  /** Its extents over those of what the network is fed. */
  readonly times: number
}

interface Shaped {
  readonly name: string
  readonly kind: OutputKind
  readonly shape: readonly number[]
}

const shapedOutputs = (network: Named): readonly Shaped[] =>
  outputsOf(network).map(({ name, kind }, k) => {
    const { nodes, outputs } = network.graph
    return { name, kind, shape: shapeOf(nodes[outputs[k].node].type) }
  })

/** Of outputs that would do the one that a column is named after, else the first. */
const chosen = (fitting: readonly Shaped[], { columns = [] }: Pick<DataSet, 'columns'>): Shaped | undefined =>
  fitting.find(({ name }) => columns.length === 1 && columns[0] === name) ?? fitting[0]

/** Why an output cannot be held against targets; undefined where it can. */
const mismatch = (
  { kind, shape }: Shaped,
  target: TargetKind,
  { columns = [] }: Pick<DataSet, 'columns'>,
  [h, w, c]: readonly [number, number, number],
): string | undefined => {
  const [own] = [shape[shape.length - 1]]
  if (target === 'numbers' && own !== columns.length)
    return `${columns.length} columns of numbers (${columns.join(', ')}) for ${own}`
  if (kind === 'map-labels' && own > 1) return `masks of one class a pixel for ${own} labels of each pixel`
  if (target !== 'image') return undefined
  if (own !== c) return `${own} channels, for images of ${c}`
  const times = shape[0] / h
  return Number.isInteger(times) && shape[1] === times * w
    ? undefined
    : `${shape[0]} × ${shape[1]}, no whole multiple of the ${h} × ${w} that it is fed`
}

/**
 * The output that a data set’s targets are for; undefined where it has none.
 *
 * @throws EspalierError where the network has no such output
 */
export const fitTargets = (network: Named, data: DataSet, where: string): Measured | undefined => {
  const { targets } = data
  if (targets === undefined) return undefined
  const outputs = shapedOutputs(network)
  const refuse = (seen: string, expected: string): never => {
    throw new EspalierError([sourceProblem('bad-input', where, seen, expected, '--answers says what the outputs are')])
  }
  const kinds = answersTo[targets]
  const output = chosen(
    outputs.filter(({ kind }) => kinds.includes(kind)),
    data,
  )
  if (output === undefined)
    return refuse(
      `${called[targets]} for a network that answers ${outputs.map(({ kind }) => kind).join(', ')}`,
      `an output of ${kinds.join(' or ')}`,
    )
  const { h, w, c } = imageType(network)
  const wrong = mismatch(output, targets, data, [h, w, c])
  if (wrong !== undefined) return refuse(`the output ${output.name} with ${wrong}`, 'as many as it answers')
  const times = output.shape.length === 3 ? output.shape[0] / h : 1
  if (data.times !== undefined && data.times !== times)
    return refuse(`images ${data.times} times as large for a network that enlarges ${times} times`, 'the same')
  return { target: targets, output: output.name, kind: output.kind, times: targets === 'image' ? times : 1 }
}

/** What learns without labels and targets. */
export const learnsFromItself = '--recipe distill learns from the network’s own answers'

/** The same of data that must have targets. `hint` says what else there is. @throws EspalierError where it has none, too */
export const fitNeededTargets = (network: Named, data: DataSet, where: string, hint?: string): Measured => {
  const measured = fitTargets(network, data, where)
  if (measured !== undefined) return measured
  const seen = 'images that answers are not held against'
  const expected = 'masks:…, pairs:…, downscale:… or --labels with columns'
  throw new EspalierError([sourceProblem('bad-input', where, seen, expected, hint)])
}

/** Classes as marks of which images belong together, for networks that have none. */
export const withClassTargets = (data: DataSet): DataSet => {
  const marked = (examples: readonly Example[]): readonly Example[] =>
    examples.map(({ label = -1, ...rest }) => ({ ...rest, target: { kind: 'class', index: label } }))
  const { pick } = data
  return {
    ...data,
    ...{ labelled: false, classCount: undefined, labelsBelow: undefined, classes: undefined, targets: 'class' },
    read: async (from, to) => E.map(marked)(await data.read(from, to)),
    pick: pick && (async indices => E.map(marked)(await pick(indices))),
  }
}
