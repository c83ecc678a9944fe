import {
  type AttributesOf,
  actOnPadding,
  inverse,
  type Pair,
  reduceElement,
  shapeOf,
  type Type,
} from '../../ir/index.ts'
import { act, any, type BoundValue, type Computed, derive, make, op, type Rule, rule } from '../rule.ts'
import { attentionRules } from './attention.ts'

type Act = Computed<AttributesOf<'Act'>>

const inverted = (g: Act): Act => derive(`${g.text}⁻¹`, [g], own => ({ ...own, element: inverse(own.element) }))

/** The extents that y has where it meets the two acted axes of x, 1 where it has no such axis. */
const alignedExtents = (x: Type, y: Type, axes: Pair): Pair => {
  const own = shapeOf(y)
  const rank = shapeOf(x).length
  return [own[axes[0] - rank + own.length] ?? 1, own[axes[1] - rank + own.length] ?? 1]
}

/** Whether y, broadcast against x, looks the same before and after g, and the result has the axes of x. */
const fixes = (g: Act, x: BoundValue, y: BoundValue): Computed<boolean> =>
  derive(`${g.text} fixes ${y.name}`, [g, x.type, y.type], ({ element, axes }, ofX, ofY) => {
    if (ofX.kind !== 'Map' && ofY.kind !== 'Shared') return false
    if (shapeOf(ofY).length > shapeOf(ofX).length) return false
    return reduceElement(element, alignedExtents(ofX, ofY, axes)) === 'id'
  })

const ofOneRank = (text: string, x: BoundValue, y: BoundValue): Computed<boolean> =>
  derive(text, [x.type, y.type], (ofX, ofY) => shapeOf(ofX).length === shapeOf(ofY).length)

/** The pads p′ with `pad(y; p) = g·pad(y; p′)` where g does nothing to y. */
const padsBefore = (g: Act, p: Computed<AttributesOf<'Pad'>>): Computed<AttributesOf<'Pad'>> =>
  derive(`${g.text}⁻¹·p`, [g, p], ({ element }, own) => ({ ...own, padding: actOnPadding(element, own.padding) }))

const fixesAlone = (g: Act, y: BoundValue): Computed<boolean> =>
  derive(`${g.text} fixes ${y.name}`, [g, y.type], ({ element }, type) => {
    const [h, w] = shapeOf(type)
    return reduceElement(element, [h, w]) === 'id'
  })

/** Whether y is one pixel, which a resize makes as many as x has: broadcasting does so too. */
const isStretched = (x: BoundValue, y: BoundValue, r: Computed<AttributesOf<'Resize'>>): Computed<boolean> =>
  derive('y is one pixel, and r gives as many as x has', [x.type, y.type, r], (ofX, ofY, { size }) => {
    const [[h, w], [rows, columns]] = [shapeOf(ofX), shapeOf(ofY)]
    return rows * columns === 1 && h === size[0] && w === size[1]
  })

/** Acts move past ops of two operands, where the other operand is symmetric or is turned back. How D4 acts on an op of one operand is in its declaration. */
export const sinkRules: readonly Rule<'both'>[] = [
  rule({
    name: 'sink-through-binary',
    precision: 'exact',
    mode: 'both',
    lhs: op('Binary', '⊕', act('g', any('x')), act('g', any('y'))),
    rhs: ({ g, x, y, '⊕': f }) => make('Act', g, make('Binary', f, x, y)),
    when: ({ x, y }) => ofOneRank('x and y have as many axes', x, y),
  }),
  rule({
    name: 'sink-past-fixed-right',
    precision: 'exact',
    mode: 'both',
    lhs: op('Binary', '⊕', act('g', any('x')), any('y')),
    rhs: ({ g, x, y, '⊕': f }) => make('Act', g, make('Binary', f, x, y)),
    when: ({ g, x, y }) => fixes(g, x, y),
  }),
  rule({
    name: 'sink-past-fixed-left',
    precision: 'exact',
    mode: 'both',
    lhs: op('Binary', '⊕', any('y'), act('g', any('x'))),
    rhs: ({ g, x, y, '⊕': f }) => make('Act', g, make('Binary', f, y, x)),
    when: ({ g, x, y }) => fixes(g, x, y),
  }),
  rule({
    name: 'sink-past-shared-right',
    precision: 'exact',
    mode: 'both',
    lhs: op('Binary', '⊕', act('g', any('x', 'Map')), any('y', 'Shared')),
    rhs: ({ g, x, y, '⊕': f }) => make('Act', g, make('Binary', f, x, make('Act', inverted(g), y))),
    when: ({ x, y }) => ofOneRank('y has rows, columns and channels', x, y),
  }),
  rule({
    name: 'sink-past-shared-left',
    precision: 'exact',
    mode: 'both',
    lhs: op('Binary', '⊕', any('y', 'Shared'), act('g', any('x', 'Map'))),
    rhs: ({ g, x, y, '⊕': f }) => make('Act', g, make('Binary', f, make('Act', inverted(g), y), x)),
    when: ({ x, y }) => ofOneRank('y has rows, columns and channels', x, y),
  }),
  rule({
    name: 'sink-past-padded-right',
    precision: 'exact',
    mode: 'both',
    lhs: op('Binary', '⊕', act('g', any('x', 'Map')), op('Pad', 'p', any('y'))),
    rhs: ({ g, x, y, p, '⊕': f }) => make('Act', g, make('Binary', f, x, make('Pad', padsBefore(g, p), y))),
    when: ({ g, y }) => fixesAlone(g, y),
  }),
  rule({
    name: 'sink-past-padded-left',
    precision: 'exact',
    mode: 'both',
    lhs: op('Binary', '⊕', op('Pad', 'p', any('y')), act('g', any('x', 'Map'))),
    rhs: ({ g, x, y, p, '⊕': f }) => make('Act', g, make('Binary', f, make('Pad', padsBefore(g, p), y), x)),
    when: ({ g, y }) => fixesAlone(g, y),
  }),
  rule({
    name: 'stretch-a-pixel-right',
    precision: 'exact',
    mode: 'both',
    lhs: op('Binary', '⊕', any('x', 'Map'), op('Resize', 'r', any('y'))),
    rhs: ({ x, y, '⊕': f }) => make('Binary', f, x, y),
    when: ({ x, y, r }) => isStretched(x, y, r),
  }),
  rule({
    name: 'stretch-a-pixel-left',
    precision: 'exact',
    mode: 'both',
    lhs: op('Binary', '⊕', op('Resize', 'r', any('y')), any('x', 'Map')),
    rhs: ({ x, y, '⊕': f }) => make('Binary', f, y, x),
    when: ({ x, y, r }) => isStretched(x, y, r),
  }),
  rule({
    name: 'flatten-after-unary',
    precision: 'exact',
    mode: 'both',
    lhs: op('Unary', 'f', op('Flatten', 'order', act('g', any('x')))),
    rhs: ({ g, x, f, order }) => make('Flatten', order, make('Act', g, make('Unary', f, x))),
  }),
  ...attentionRules,
]
