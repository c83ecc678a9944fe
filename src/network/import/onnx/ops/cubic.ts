import type { Pair } from '../../../../../ir/op.ts'
import { shapeOf } from '../../../../../ir/type.ts'
import { keysCubic } from '../../../../base/keys-cubic.ts'
import { borderAtMost, bordered, hasBorder } from '../../bordered.ts'
import { type Aligned, asMap } from '../arrange.ts'
import { refuse } from '../refuse.ts'
import { reshapeView } from '../reshape.ts'
import { exampleType, type Translation } from '../translation.ts'
import { type Atom, nchw, printDims, type View, viewOf } from '../view.ts'

/** Along one axis: how many pixels there are, how many are made of them, and where each of those samples. */
export interface Sampling {
  readonly extent: number
  readonly outputs: number
  readonly position: (i: number) => number
}

/** What a strided convolution makes of an axis: `filters` for as many pixels side by side, the pads before and after, and the stride. */
interface Periodic {
  readonly filters: readonly (readonly number[])[]
  readonly pads: Pair
  readonly stride: number
}

/** The weights with which an axis is sampled; null where they are not the same again every few pixels. */
const periodic = ({ extent, outputs, position }: Sampling, a: number): Periodic | null => {
  if (extent === outputs) return { filters: [[1]], pads: [0, 0], stride: 1 }
  const [phases, stride] = outputs > extent ? [outputs / extent, 1] : [1, extent / outputs]
  if (!Number.isInteger(phases) || !Number.isInteger(stride)) return null
  const firsts = Array.from({ length: phases }, (_, phase) => position(phase))
  const isSame = Array.from({ length: outputs }, (_, i) => position(i)).every(
    (at, i) => Math.abs(at - firsts[i % phases] - stride * Math.floor(i / phases)) < 1e-5,
  )
  if (!isSame) return null
  const begin = Math.min(0, ...firsts.map(at => Math.floor(at) - 1))
  const end = Math.max(0, ...firsts.map(at => Math.floor(at) + 2))
  const size = end - begin + 1
  const filters = firsts.map(at => Array.from({ length: size }, (_, k) => keysCubic(a, begin + k - at)))
  const last = (outputs / phases - 1) * stride + end
  return { filters, pads: [-begin, Math.max(0, last - (extent - 1))], stride }
}

/**
 * Cubic interpolation by whole factors, pixels beyond the edges being those at them: each channel's `fy · fx` pixels in the place of one are as many
 * convolutions, whose results are then laid out as rows and columns.
 */
export const resizeCubic = (
  t: Translation,
  { node, layout }: Aligned,
  axes: readonly [Sampling, Sampling],
  a: number,
  name: string,
): View => {
  const type = exampleType(t, node)
  const [rows, columns] = axes.map(axis => periodic(axis, a))
  if (rows === null || columns === null || type.kind !== 'Map' || layout.length !== 4)
    return refuse(
      'unsupported-attribute',
      `cubic resizing of ${printDims(axes.map(({ extent }) => extent))} to ${printDims(axes.map(({ outputs }) => outputs))}`,
      'images that become larger or smaller by whole factors, with centres of pixels at halves',
    )
  const pads = [rows.pads, columns.pads] as const
  if (!hasBorder(shapeOf(type), pads, 'edge'))
    return refuse('unsupported-shape', `a border of ${printDims(pads.flat())}`, `at most ${borderAtMost} on a side`)
  const [r, s] = [rows, columns].map(({ filters }) => filters[0].length)
  const [fy, fx] = [rows.filters.length, columns.filters.length]
  const { c } = type
  const weight = (at: number): number => {
    const phase = at % (fy * fx)
    const place = Math.floor(at / (c * fy * fx))
    return rows.filters[Math.floor(phase / fx)][Math.floor(place / s)] * columns.filters[phase % fx][place % s]
  }
  const key = `cubic ${a} ${axes.map(({ extent, outputs, position }) => `${extent} ${outputs} ${position(0)}`).join()}`
  const filter = t.table('cubic', [r, s, 1, c * fy * fx], weight, key)
  const strides: Pair = [rows.stride, columns.stride]
  const sampled = t.build.conv2d(bordered(t.build, node, pads, 'edge'), filter, { strides, groups: c, name })
  const made = exampleType(t, sampled)
  const apart = reshapeView(viewOf(sampled, made, nchw), ['n', c, fy, fx, ...shapeOf(made).slice(0, 2)], t)
  if (typeof apart === 'string') return refuse('unsupported-shape', apart, 'whole rows and columns')
  const [channels, y, x, h, w] = apart.axes.slice(1) as readonly (readonly Atom[])[]
  const map = asMap(t, apart.node, { h: [...h, ...y], w: [...w, ...x], c: channels })
  return viewOf(map, exampleType(t, map), layout)
}
