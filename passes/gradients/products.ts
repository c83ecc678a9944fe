import { type NodeId, type Pair, shapeOf } from '../../ir/index.ts'
import { type GradientRule, type Tools, term } from './tools.ts'

const extents = (t: Tools, x: NodeId): Pair => {
  const [h, w] = shapeOf(t.typeOf(x))
  return [h, w]
}

const turned = (t: Tools, weights: NodeId): NodeId => t.draft.add('Transpose', [weights], { permutation: [1, 0] })

/** Convolutions, and both of their gradients, are linear in each operand: three ops that are one another's gradients. */
const conv2d: GradientRule<'Conv2d'> = at => {
  const [x, filter] = at.operands
  const g = at.wholeGradient
  const attributes = (of: NodeId) => ({ ...at.attributes, extents: extents(at, of) })
  return [
    term(() => at.draft.add('Conv2dTranspose', [g(), filter], attributes(x))),
    term(() => at.draft.add('Conv2dFilterGradient', [x, g()], attributes(filter))),
  ]
}

const conv2dTranspose: GradientRule<'Conv2dTranspose'> = at => {
  const [gradient, filter] = at.operands
  const g = at.wholeGradient
  const { extents: _, ...attributes } = at.attributes
  return [
    term(() => at.draft.add('Conv2d', [g(), filter], attributes)),
    term(() => at.draft.add('Conv2dFilterGradient', [g(), gradient], { ...attributes, extents: extents(at, filter) })),
  ]
}

const conv2dFilterGradient: GradientRule<'Conv2dFilterGradient'> = at => {
  const [x, gradient] = at.operands
  const g = at.wholeGradient
  const { extents: _, ...attributes } = at.attributes
  return [
    term(() => at.draft.add('Conv2dTranspose', [gradient, g()], { ...attributes, extents: extents(at, x) })),
    term(() => at.draft.add('Conv2d', [x, g()], attributes)),
  ]
}

const dense: GradientRule<'Dense'> = at => {
  const [x, weights] = at.operands
  return [
    term(() => at.draft.add('Dense', [at.wholeGradient(), turned(at, weights)], {})),
    term(() => at.draft.add('DenseWeightsGradient', [x, at.wholeGradient()], {})),
  ]
}

const denseWeightsGradient: GradientRule<'DenseWeightsGradient'> = at => {
  const [x, gradient] = at.operands
  return [
    term(() => at.draft.add('Dense', [gradient, turned(at, at.wholeGradient())], {})),
    term(() => at.draft.add('Dense', [x, at.wholeGradient()], {})),
  ]
}

export const products = {
  Conv2d: conv2d,
  Conv2dTranspose: conv2dTranspose,
  Conv2dFilterGradient: conv2dFilterGradient,
  Dense: dense,
  DenseWeightsGradient: denseWeightsGradient,
}
