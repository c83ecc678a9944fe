import { isPerExample, type Pair, shapeOf } from '../../ir/index.ts'
import { type GradientRule, none, refused, term } from './tools.ts'

const noPads: readonly [Pair, Pair] = [
  [0, 0],
  [0, 0],
]

const maxPool: GradientRule<'MaxPool'> = at => [
  term(() => at.draft.add('MaxPoolGradient', [at.operands[0], at.wholeGradient()], at.attributes)),
]

/** Which pixel is the largest changes in jumps. */
const maxPoolGradient: GradientRule<'MaxPoolGradient'> = () => [none, refused]

const meanPool: GradientRule<'MeanPool'> = at => {
  const [h, w] = shapeOf(at.typeOf(at.operands[0]))
  return [term(() => at.draft.add('MeanPoolGradient', [at.wholeGradient()], { ...at.attributes, extents: [h, w] }))]
}

const meanPoolGradient: GradientRule<'MeanPoolGradient'> = at => {
  const { extents: _, ...attributes } = at.attributes
  return [term(() => at.draft.add('MeanPool', [at.wholeGradient()], attributes))]
}

const globalPool: GradientRule<'GlobalPool'> = at => {
  const [x] = at.operands
  const [h, w] = shapeOf(at.typeOf(x))
  return [
    term(() => {
      if (at.attributes.reduction === 'max') {
        const pixel = at.draft.add('Unflatten', [at.wholeGradient()], {})
        const window = { size: [h, w], strides: [1, 1], dilations: [1, 1], padding: noPads, ceil: false } as const
        return at.draft.add('MaxPoolGradient', [x, pixel], window)
      }
      const part = at.affine(at.gradient, 1 / (h * w))
      return isPerExample(at.typeOf(part)) ? at.draft.add('Unflatten', [part], {}) : part
    }),
  ]
}

/** What several channels share as the largest, each of them passes on. */
const channelPool: GradientRule<'ChannelPool'> = at => {
  const [x] = at.operands
  return [
    term(() => {
      const c = shapeOf(at.typeOf(x)).at(-1) as number
      if (at.attributes.reduction === 'mean') return at.affine(at.gradient, 1 / c)
      const isLargest = at.affine(at.unary('step', at.binary('subtract', at.result, x)), -1, 1)
      return at.multiply(isLargest, at.gradient)
    }),
  ]
}

export const pooling = {
  MaxPool: maxPool,
  MaxPoolGradient: maxPoolGradient,
  MeanPool: meanPool,
  MeanPoolGradient: meanPoolGradient,
  GlobalPool: globalPool,
  ChannelPool: channelPool,
}
