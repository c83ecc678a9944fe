import {
  type AttributesOf,
  actOnPair,
  type Element,
  inverse,
  motionOf,
  type Pair,
  reduceElement,
  samplingMatrix,
  shapeOf,
  type Type,
} from '../../ir/index.ts'
import { act, any, computed, each, type Match, make, makeFrom, op, type Rule, ref, same } from '../rule.ts'

const g = same('Act', 'g')
const inverseOf = (name: string) =>
  computed<AttributesOf<'Act'>>(`${name}⁻¹`, m => ({ ...m.attributes('Act', name), element: inverse(m.element(name)) }))

/** The extents that y has where it meets the two acted axes of x, 1 where it has no such axis. */
const alignedExtents = (x: Type, y: Type, axes: Pair): Pair => {
  const own = shapeOf(y)
  const rank = shapeOf(x).length
  return [own[axes[0] - rank + own.length] ?? 1, own[axes[1] - rank + own.length] ?? 1]
}

/** Whether y, broadcast against x, looks the same before and after g, and the result has the axes of x. */
const fixed = (m: Match): boolean => {
  const [x, y] = [m.type('x'), m.type('y')]
  if (x.kind !== 'Map' && y.kind !== 'Shared') return false
  if (shapeOf(y).length > shapeOf(x).length) return false
  return reduceElement(m.element('g'), alignedExtents(x, y, m.attributes('Act', 'g').axes)) === 'id'
}

const sameRank = (m: Match): boolean => shapeOf(m.type('x')).length === shapeOf(m.type('y')).length

const keepsAxis = (m: Match, axis: number): boolean => !m.attributes('Act', 'g').axes.includes(axis)

/** Pads `p` of `g·x` as pads of x. */
const pads = (element: Element, [rows, columns]: readonly [Pair, Pair]): readonly [Pair, Pair] => {
  const { flipY, flipX } = motionOf(element)
  const mirrored = ([before, after]: Pair, flipped: boolean): Pair => (flipped ? [after, before] : [before, after])
  return actOnPair(element, [mirrored(rows, flipY), mirrored(columns, flipX)])
}

/** Acts move past everything that treats all pixels alike, and turn round what does not. */
export const sinkRules: readonly Rule[] = [
  {
    name: 'sink-through-unary',
    precision: 'exact',
    mode: 'both',
    lhs: op('Unary', 'f', act('g', any('x'))),
    rhs: make('Act', g, make('Unary', same('Unary', 'f'), ref('x'))),
  },
  {
    name: 'sink-through-batch-norm',
    precision: 'exact',
    mode: 'both',
    lhs: op('BatchNorm', 'bn', act('g', any('x')), any('γ'), any('β'), any('μ'), any('σ²')),
    rhs: make('Act', g, make('BatchNorm', same('BatchNorm', 'bn'), ref('x'), ref('γ'), ref('β'), ref('μ'), ref('σ²'))),
  },
  {
    name: 'sink-through-binary',
    precision: 'exact',
    mode: 'both',
    lhs: op('Binary', '⊕', act('g', any('x')), act('g', any('y'))),
    rhs: make('Act', g, make('Binary', same('Binary', '⊕'), ref('x'), ref('y'))),
    when: computed('x and y have as many axes', sameRank),
  },
  {
    name: 'sink-past-fixed-right',
    precision: 'exact',
    mode: 'both',
    lhs: op('Binary', '⊕', act('g', any('x')), any('y')),
    rhs: make('Act', g, make('Binary', same('Binary', '⊕'), ref('x'), ref('y'))),
    when: computed('g fixes y', fixed),
  },
  {
    name: 'sink-past-fixed-left',
    precision: 'exact',
    mode: 'both',
    lhs: op('Binary', '⊕', any('y'), act('g', any('x'))),
    rhs: make('Act', g, make('Binary', same('Binary', '⊕'), ref('y'), ref('x'))),
    when: computed('g fixes y', fixed),
  },
  {
    name: 'sink-past-shared-right',
    precision: 'exact',
    mode: 'both',
    lhs: op('Binary', '⊕', act('g', any('x', 'Map')), any('y', 'Shared')),
    rhs: make('Act', g, make('Binary', same('Binary', '⊕'), ref('x'), make('Act', inverseOf('g'), ref('y')))),
    when: computed('y has rows, columns and channels', sameRank),
  },
  {
    name: 'sink-past-shared-left',
    precision: 'exact',
    mode: 'both',
    lhs: op('Binary', '⊕', any('y', 'Shared'), act('g', any('x', 'Map'))),
    rhs: make('Act', g, make('Binary', same('Binary', '⊕'), make('Act', inverseOf('g'), ref('y')), ref('x'))),
    when: computed('y has rows, columns and channels', sameRank),
  },
  {
    name: 'sink-through-concat',
    precision: 'exact',
    mode: 'both',
    lhs: each('Concat', 'axis', act('g', any('xs'))),
    rhs: make(
      'Act',
      g,
      makeFrom(
        'Concat',
        same('Concat', 'axis'),
        computed('xs, …', m => m.nodes('xs')),
      ),
    ),
    when: computed('g does not act on the axis', m => keepsAxis(m, m.attributes('Concat', 'axis').axis)),
  },
  {
    name: 'sink-through-slice',
    precision: 'exact',
    mode: 'both',
    lhs: op('Slice', 'run', act('g', any('x'))),
    rhs: make('Act', g, make('Slice', same('Slice', 'run'), ref('x'))),
    when: computed('g does not act on the axis', m => keepsAxis(m, m.attributes('Slice', 'run').axis)),
  },
  {
    name: 'sink-through-pad',
    precision: 'exact',
    mode: 'both',
    lhs: op('Pad', 'p', act('g', any('x'))),
    rhs: make(
      'Act',
      g,
      make(
        'Pad',
        computed<AttributesOf<'Pad'>>('g⁻¹·p', m => ({
          ...m.attributes('Pad', 'p'),
          padding: pads(m.element('g'), m.attributes('Pad', 'p').padding),
        })),
        ref('x'),
      ),
    ),
  },
  {
    name: 'sink-through-resize',
    precision: 'rounding',
    mode: 'both',
    lhs: op('Resize', 'r', act('g', any('x'))),
    rhs: make(
      'Act',
      g,
      make(
        'Resize',
        computed<AttributesOf<'Resize'>>('g⁻¹·r', m => ({
          ...m.attributes('Resize', 'r'),
          size: actOnPair(m.element('g'), m.attributes('Resize', 'r').size),
        })),
        ref('x'),
      ),
    ),
    when: computed(
      'r is linear with half-pixel centres, or with aligned corners to more than one pixel each way',
      m => {
        const { method, coordinates, size } = m.attributes('Resize', 'r')
        // One output pixel of aligned corners is the first input pixel, not the middle one.
        const symmetric = coordinates === 'half-pixel' || (coordinates === 'align-corners' && size.every(n => n > 1))
        return method === 'linear' && symmetric
      },
    ),
  },
  {
    name: 'sink-through-rotate',
    precision: 'rounding',
    mode: 'both',
    lhs: op('Rotate', 'θ', act('g', any('x'))),
    rhs: make(
      'Act',
      g,
      make(
        'Rotate',
        computed<AttributesOf<'Rotate'>>('det(g)·θ', m => {
          const [[a, b], [c, d]] = samplingMatrix(m.element('g'))
          return { degrees: (a * d - b * c) * m.attributes('Rotate', 'θ').degrees }
        }),
        ref('x'),
      ),
    ),
  },
  {
    name: 'sink-through-scale',
    precision: 'rounding',
    mode: 'both',
    lhs: op('Scale', 's', act('g', any('x'))),
    rhs: make('Act', g, make('Scale', same('Scale', 's'), ref('x'))),
  },
  {
    name: 'sink-through-shift',
    precision: 'exact',
    mode: 'both',
    lhs: op('Shift', 'd', act('g', any('x'))),
    rhs: make(
      'Act',
      g,
      make(
        'Shift',
        computed<AttributesOf<'Shift'>>('g·d', m => {
          const { dy, dx } = m.attributes('Shift', 'd')
          const [[a, b], [c, d]] = samplingMatrix(m.element('g'))
          // 0 + x is never −0, which JSON does not keep.
          return { dy: 0 + c * dx + d * dy, dx: 0 + a * dx + b * dy }
        }),
        ref('x'),
      ),
    ),
  },
  {
    name: 'flatten-after-unary',
    precision: 'exact',
    mode: 'both',
    lhs: op('Unary', 'f', op('Flatten', 'order', act('g', any('x')))),
    rhs: make('Flatten', same('Flatten', 'order'), make('Act', g, make('Unary', same('Unary', 'f'), ref('x')))),
  },
]
