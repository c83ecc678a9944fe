import { isPerExample, type NodeId, shapeOf, sizeOf } from '../../ir/index.ts'
import { type GradientRule, none, type Place, term } from './tools.ts'

/** What one number of many has of a gradient of their mean. */
const share = (at: Place<'ReduceTo'>, gradient: NodeId): NodeId => {
  const [x] = at.operands
  const { to } = at.attributes
  const type = at.typeOf(x)
  return isPerExample(type) && !isPerExample(to)
    ? at.multiply(gradient, at.draft.add('InverseCount', [x], { to }))
    : at.affine(gradient, sizeOf(shapeOf(to)) / sizeOf(shapeOf(type)))
}

const reduceTo: GradientRule<'ReduceTo'> = at => {
  const [x] = at.operands
  const { to, reduction } = at.attributes
  return [
    term(() => {
      switch (reduction) {
        case 'sum':
          return at.gradient
        case 'mean':
          return share(at, at.gradient)
        case 'variance': {
          const mean = at.draft.add('ReduceTo', [x], { to, reduction: 'mean' })
          return at.multiply(at.binary('subtract', x, mean), at.affine(share(at, at.gradient), 2))
        }
      }
    }),
  ]
}

const inverseCount: GradientRule<'InverseCount'> = () => [none]

const stretch: GradientRule<'Stretch'> = at => [
  term(() => at.sumTo(at.wholeGradient(), at.typeOf(at.operands[0]))),
  none,
]

export const reductions = {
  ReduceTo: reduceTo,
  InverseCount: inverseCount,
  Stretch: stretch,
}
