import { isUnfolded, refuseFolded } from '../apart.ts'
import { attend } from '../attend.ts'
import type { Scalar } from '../constant.ts'
import { type Lifted, type OnnxNode, type Unfolded, viewAt } from '../node.ts'
import { refuse } from '../refuse.ts'
import { reshapeView } from '../reshape.ts'
import type { Rule, Translation } from '../translation.ts'
import { dimsOf, printDims, type View, withOrder } from '../view.ts'

const beyond = ['a mask', 'past keys', 'past values', 'lengths of keys']

/** The queries, keys and values of an `Attention`, which has nothing beside them. */
export const attendedBy = (
  given: readonly (Lifted | undefined)[],
  t: Translation,
): readonly (Unfolded | undefined)[] => {
  const more = given.findIndex((value, at) => at > 2 && value !== undefined)
  if (more > 0) return refuse('unsupported-shape', `an attention with ${beyond[more - 3]}`, 'queries, keys and values')
  const three = given.slice(0, 3)
  return isUnfolded(three) ? three : refuseFolded(three, t)
}

/** Attributes that leave some keys or scores out, and the numbers under which they leave out none. */
const limits = { is_causal: 0, left_window_size: -1, right_window_size: -1 } as const

const unlimited = (node: OnnxNode): void => {
  for (const [name, none] of Object.entries(limits))
    if (node.int(name, none) !== none)
      refuse('unsupported-attribute', `${name} = ${node.int(name, none)}`, `${none}: queries that see all keys`)
  const softcap = node.float('softcap', 0)
  if (softcap !== 0) refuse('unsupported-attribute', `softcap = ${softcap}`, '0')
  node.disregard('qk_matmul_output_mode', 'softmax_precision')
}

const under = (t: Translation, view: View, dims: readonly Scalar[]): View => {
  const result = reshapeView(view, dims, t)
  return typeof result === 'string'
    ? refuse('unsupported-shape', `${printDims(dimsOf(view, t.batch))} as ${printDims(dims)}: ${result}`, 'equal heads')
    : result
}

/** `[n, a, b, c]` as `[n, b, a, c]`. */
const swapped = (view: View): View => withOrder(view, [0, 2, 1, 3])

/** `[n, pixels, heads · channels]` as `[n, heads, pixels, channels]`. */
const inHeads = (t: Translation, view: View, heads: number): View => {
  const [n, pixels, channels] = dimsOf(view, 'n')
  return n !== 'n' || pixels === 'n' || channels === 'n'
    ? refuse('unsupported-shape', `an attention of ${printDims(dimsOf(view, 'n'))}`, '[n, pixels, channels]')
    : swapped(under(t, view, ['n', pixels, heads, channels / heads]))
}

/** `softmax(scale · q × kᵀ) × v` of `[n, heads, pixels, channels]`, or of `[n, pixels, heads · channels]`. */
const attention: Rule = (node, t) => {
  unlimited(node)
  const views = node.inputs.map((_, at) => viewAt(node, at))
  const heads = node.int('q_num_heads', 0)
  const own = node.int('kv_num_heads', heads)
  if (heads !== own)
    return refuse('unsupported-attribute', `kv_num_heads = ${own}`, `${heads}: keys and values of each head`)
  const ranks = new Set(views.map(({ axes }) => axes.length))
  const isFlat = ranks.has(3)
  if (ranks.size > 1 || !(isFlat || ranks.has(4)))
    return refuse(
      'unsupported-shape',
      `an attention of ${views.map(view => printDims(dimsOf(view, 'n'))).join(', ')}`,
      '[n, pixels, channels] of each, or [n, heads, pixels, channels]',
    )
  if (isFlat && heads < 1) return refuse('unsupported-attribute', `q_num_heads = ${heads}`, 'one at least')
  const apart = isFlat ? views.map(view => inHeads(t, view, heads)) : views
  const channels = dimsOf(apart[0], 'n').at(-1)
  const scale = node.float('scale', 1 / Math.sqrt(channels as number))
  const found = attend({ scale, keysTurned: false, valuesTurned: false, known: [] })({ ...node, inputs: apart }, t)
  if (!isFlat) return found
  return found.map(value => {
    const rows = swapped(value as View)
    const [, pixels, , each] = dimsOf(rows, 'n')
    return under(t, rows, ['n', pixels, heads * (each as number)])
  })
}

export const attentions: Readonly<Record<string, Rule>> = { Attention: attention }
