import type { Pair } from '../../../../../ir/op.ts'
import { type Aligned, align, alignTo } from '../arrange.ts'
import { type OnnxNode, viewAt } from '../node.ts'
import { refuse } from '../refuse.ts'
import { exampleType, type Rule, type Translation } from '../translation.ts'
import { dimsOf, extentAlong, nchw, type Of, viewOf } from '../view.ts'
import { resizeCubic, type Sampling } from './cubic.ts'
import { type Along, positionOf, resamplingOf, rounded, targetsOf } from './sampling-positions.ts'

const coordinates = ['half-pixel', 'align-corners', 'asymmetric'] as const

const extentAtMost = 1 << 16

const clamp = (x: number, extent: number): number => Math.min(Math.max(x, 0), extent - 1)

/** Where the IR's `Resize` samples: see its declaration. */
const ownPosition = (mode: (typeof coordinates)[number], { extent, outputs }: Along, i: number): number => {
  switch (mode) {
    case 'half-pixel':
      return ((i + 0.5) * extent) / outputs - 0.5
    case 'align-corners':
      return outputs === 1 ? 0 : (i * (extent - 1)) / (outputs - 1)
    case 'asymmetric':
      return (i * extent) / outputs
  }
}

const ownNearest = (mode: (typeof coordinates)[number], along: Along, i: number): number => {
  const at = clamp(ownPosition(mode, along, i), along.extent)
  return mode === 'asymmetric' ? Math.floor(at) : Math.min(Math.floor(at + 0.5), along.extent - 1)
}

const samplesAt = (axes: readonly Along[], position: (along: Along, i: number) => number): readonly number[] =>
  axes.flatMap(along => Array.from({ length: along.outputs }, (_, i) => clamp(position(along, i), along.extent)))

/** The value with its channels where the op leaves an axis alone: as they are, or as images have them. */
const resizable = (node: OnnxNode, t: Translation): Aligned => {
  const view = align(t, viewAt(node, 0))
  const c = view.layout.indexOf('c')
  const kept = c < 0 || targetsOf(node, dimsOf(view, 1) as readonly number[])[c].scale === 1
  return kept || view.layout.length !== 4 ? view : alignTo(t, view, nchw)
}

const resize: Rule = (node, t) => {
  const view = resizable(node, t)
  const { mode, transformation, nearest, coefficient, excludeOutside, antialias } = resamplingOf(node, t.opset)
  const targets = targetsOf(node, dimsOf(view, 1) as readonly number[])
  const along = (of: Of): Along => {
    const at = view.layout.indexOf(of)
    const extent = extentAlong(exampleType(t, view.node), of)
    return { extent, ...(targets[at] ?? { outputs: extent, scale: 1 }) }
  }
  const batch = targets[view.layout.indexOf('n')]
  const fixed = [along('c'), { extent: 1, ...batch }]
  const batchKept = batch.scale === 1 || batch.outputs === t.batch
  if (fixed[0].outputs !== fixed[0].extent || !batchKept)
    return refuse('unsupported-shape', 'channels or examples resized', 'heights and widths only')
  const axes = [along('h'), along('w')] as const
  const [wrong] = axes.filter(({ outputs }) => !(outputs >= 1 && outputs <= extentAtMost))
  if (wrong !== undefined)
    return refuse('unsupported-shape', `a height or width of ${wrong.outputs}`, `1 to ${extentAtMost}`)
  if (axes.every(({ extent, outputs }) => extent === outputs)) return [view]
  if (excludeOutside !== 0 && mode === 'cubic')
    return refuse(
      'unsupported-attribute',
      `exclude_outside = ${excludeOutside}`,
      '0: pixels beyond the edges are those at them',
    )
  if (antialias !== 0 && mode !== 'nearest' && axes.some(({ extent, outputs }) => outputs < extent))
    return refuse('unsupported-attribute', 'antialias = 1', '0')
  t.room.take(4 * (axes[0].outputs + axes[1].outputs))
  if (mode === 'cubic') {
    const sampling = (of: Along): Sampling => ({ ...of, position: i => positionOf(transformation, of, i) })
    return [resizeCubic(t, view, [sampling(axes[0]), sampling(axes[1])], coefficient, node.name)]
  }
  const wanted = samplesAt(axes, (a, i) => {
    const at = positionOf(transformation, a, i)
    return mode === 'linear' ? at : rounded(nearest, at)
  })
  const same = coordinates.find(candidate =>
    samplesAt(axes, (a, i) => (mode === 'linear' ? ownPosition(candidate, a, i) : ownNearest(candidate, a, i))).every(
      (x, k) => Math.abs(x - wanted[k]) < 1e-5,
    ),
  )
  if (same === undefined)
    return refuse(
      'unsupported-attribute',
      `${mode} resizing by ${transformation}${mode === 'nearest' ? ` and ${nearest}` : ''} to ${axes.map(a => a.outputs).join('×')}`,
      'one that samples as half_pixel, align_corners or asymmetric (rounded down) do',
    )
  const size: Pair = [axes[0].outputs, axes[1].outputs]
  const y = t.build.resize(view.node, size, { method: mode, coordinates: same, name: node.name })
  return [viewOf(y, exampleType(t, y), view.layout)]
}

export const resizing: Readonly<Record<string, Rule>> = { Resize: resize, Upsample: resize }
