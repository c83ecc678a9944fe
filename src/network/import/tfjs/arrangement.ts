import { type Pair, sameShape } from '../../../../ir/index.ts'
import { fold } from './arithmetic.ts'
import {
  asMap,
  asVector,
  type Canvas,
  type Example,
  example,
  isVectorLike,
  type Value,
  withChannels,
} from './canvas.ts'
import { refuse } from './refusal.ts'

/** Values side by side along an axis; the batch is axis 0. */
export const concat = (c: Canvas, name: string, values: readonly Value[], axis: number): Value => {
  const constants = values.flatMap(value => (value.kind === 'constant' ? [value] : []))
  const examples = values.flatMap(value => (value.kind === 'example' ? [value] : []))
  if (values.length === constants.length && values.length > 0)
    return fold(c, name, 'Concat', constants, { axis: axis < 0 ? axis + constants[0].value.shape.length : axis })
  if (constants.length > 0 || examples.length === 0)
    return refuse('unsupported-shape', 'a concatenation with constants', 'values of each example')
  const { length: rank } = examples[0].shape
  if ((axis !== -1 && axis !== rank) || examples.some(x => x.shape.length !== rank))
    return refuse(
      'unsupported-attribute',
      `a concatenation along axis ${axis} of [batch, ${examples[0].shape}]`,
      `axis ${rank}, channels`,
    )
  if (examples.length === 1) return examples[0]
  const vectors = examples.every(x => isVectorLike(x.shape))
  const node = c.builder.concat(
    examples.map(x => (vectors ? asVector(c, x) : asMap(c, x))),
    undefined,
    name,
  )
  const channels = examples.reduce((n, x) => n + (x.shape.at(-1) ?? 1), 0)
  return { kind: 'example', node, shape: [...examples[0].shape.slice(0, -1), channels] }
}

/** A run of places along one axis of each example, the batch apart: `[begin, end)`, every `step`-th or (−1) backwards. */
export interface Run {
  readonly begin: number
  readonly end: number
  readonly step: number
}

const whole = ({ begin, end, step }: Run, extent: number): boolean => begin === 0 && end === extent && step === 1

/** Some channels of each example, and of an image a part, every n-th pixel, or the mirror image. */
export const cut = (c: Canvas, name: string, x: Example, runs: readonly Run[]): Example => {
  const b = c.builder
  runs.forEach(({ begin, end, step }, axis) => {
    if (![begin, end, step].every(Number.isSafeInteger) || begin < 0 || end > x.shape[axis] || begin >= end)
      refuse(
        'unsupported-shape',
        `a slice from ${begin} to ${end} of extent ${x.shape[axis]}`,
        'one place or more inside',
      )
  })
  if (runs.every((run, axis) => whole(run, x.shape[axis]))) return x
  const last = runs.length - 1
  if (runs[last].step !== 1)
    refuse('unsupported-attribute', `a slice of channels by steps of ${runs[last].step}`, 'steps of 1')
  const narrowed = whole(runs[last], x.shape[last]) ? x : narrow(c, name, x, runs[last])
  if (runs.slice(0, last).every((run, axis) => whole(run, x.shape[axis]))) return narrowed
  let node = asMap(c, narrowed)
  const [rows, columns] = runs
  const [h, w] = x.shape
  const pads: readonly [Pair, Pair] = [
    [rows.begin, h - rows.end],
    [columns.begin, w - columns.end],
  ]
  if (pads.flat().some(n => n !== 0)) node = b.crop(node, pads, name)
  if (rows.step === -1) node = b.act('flipv', node)
  if (columns.step === -1) node = b.act('flip', node)
  const strides: Pair = [Math.max(1, rows.step), Math.max(1, columns.step)]
  if (rows.step < -1 || columns.step < -1)
    refuse('unsupported-attribute', `a slice by steps of ${rows.step}, ${columns.step}`, 'steps from 1, or -1')
  return example(c, strides.some(n => n > 1) ? b.maxPool(node, 1, { strides, name }) : node)
}

const narrow = (c: Canvas, name: string, x: Example, { begin, end }: Run): Example => ({
  kind: 'example',
  node: c.builder.slice(withChannels(c, x), begin, end - begin, undefined, name),
  shape: [...x.shape.slice(0, -1), end - begin],
})

/** Axes in another order; `permutation` has the batch first. */
export const transposed = (c: Canvas, name: string, x: Value, permutation: readonly number[]): Value => {
  if (x.kind === 'constant') return fold(c, name, 'Transpose', [x], { permutation })
  const axes = permutation.slice(1).map(axis => axis - 1)
  const identity = axes.map((_, axis) => axis)
  if (
    permutation[0] !== 0 ||
    !sameShape(
      [...axes].sort((p, q) => p - q),
      x.shape.map((_, axis) => axis),
    )
  )
    return refuse(
      'unsupported-attribute',
      `a transposition to axes ${permutation}`,
      'the batch first, and each axis once',
    )
  if (sameShape(axes, identity)) return x
  const shape = axes.map(axis => x.shape[axis])
  // Axes of extent 1 may go anywhere: the numbers keep their order.
  const moving = (order: readonly number[]): string => String(order.filter(axis => x.shape[axis] !== 1))
  if (moving(axes) === moving(identity)) return { ...x, shape }
  const map = asMap(c, x)
  return example(c, sameShape(axes, [1, 0, 2]) ? c.builder.act('transpose', map) : c.builder.transpose(map, axes, name))
}

/** Zeros (or another constant) around an image; negative pads crop. */
export const padded = (
  c: Canvas,
  name: string,
  x: Example,
  padding: readonly [Pair, Pair],
  channels: Pair = [0, 0],
  value = 0,
): Example =>
  [...padding.flat(), ...channels].every(n => n === 0)
    ? x
    : example(c, c.builder.pad(asMap(c, x), padding, { channels, value, name }))
