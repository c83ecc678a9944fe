import { type AttributesOf, actOnPair, inverse, type Pair, shapeOf, sizeOf, type Type } from '../../ir/index.ts'
import { act, any, derive, make, op, type Rule, rule } from '../rule.ts'

interface Rows {
  /** Of the weights, each row in the place of its pixel and channel. */
  readonly shape: readonly number[]
  /** Rows and columns of the image among these axes. */
  readonly axes: Pair
}

/** Rows of dense weights as the pixels and channels of the flattened map `g·x`. */
const rowsOf = ({ element }: AttributesOf<'Act'>, { order }: AttributesOf<'Flatten'>, x: Type, weights: Type): Rows => {
  const [rows, columns, c] = shapeOf(x)
  const [h, w] = actOnPair(element, [rows, columns])
  const outputs = shapeOf(weights)[1]
  return order === 'hwc' ? { shape: [h, w, c, outputs], axes: [0, 1] } : { shape: [c, h, w, outputs], axes: [1, 2] }
}

/** Acts go into dense weights; into filters they go by what `Conv2d` declares. */
export const fuseRules: readonly Rule<'both'>[] = [
  rule({
    name: 'fuse-into-dense',
    precision: 'exact',
    mode: 'both',
    lhs: op('Dense', 'dense', op('Flatten', 'order', act('g', any('x'))), any('w')),
    rhs: ({ g, x, w, order, dense }) => {
      const rows = derive('rows', [g, order, x.type, w.type], rowsOf)
      const pixels = derive('pixels', [rows], ({ shape }) => ({ shape }))
      const turned = derive('g⁻¹', [g, rows], ({ element }, { axes }) => ({ element: inverse(element), axes }))
      const matrix = derive('rows', [x.type, w.type], (map, weights) => ({
        shape: [sizeOf(shapeOf(map)), shapeOf(weights)[1]],
      }))
      return make(
        'Dense',
        dense,
        make('Flatten', order, x),
        make('Reshape', matrix, make('Act', turned, make('Reshape', pixels, w))),
      )
    },
  }),
]
