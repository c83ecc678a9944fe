import { either as E } from 'fp-ts'
import { defineOp, mismatch, Real } from '../op.ts'
import { zeros } from '../tensor.ts'
import { isPerExample, printType, sameShape, sameType } from '../type.ts'

/**
 * What the input of a normalization by its own batch's mean and variance has to do with a gradient g of the result, these being functions of the input too:
 * `scale·r·(g − meanGradient − x̂·meanProduct)`, where `r = 1/√(variance + epsilon)`, `x̂ = (x − mean)·r`, and the last two operands are the means of g and of `g·x̂` over the
 * batch and all variants.
 */
export const batchNormInputGradient = defineOp({
  tag: 'BatchNormInputGradient',
  stage: 'training',
  operands: ['input', 'gradient', 'scale', 'mean', 'variance', 'meanGradient', 'meanProduct'],
  attributes: { epsilon: Real },
  infer: ([input, gradient, ...statistics]) => {
    if (!isPerExample(input) || !sameType(input, gradient))
      return mismatch(
        `${printType(input)} and ${printType(gradient)}`,
        'a Map or a Vector, and a gradient of that type',
      )
    const wrong = statistics.find(s => s.kind !== 'Shared' || !sameShape(s.shape, [input.c]))
    return wrong === undefined ? E.right(input) : mismatch(`a statistic ${printType(wrong)}`, `Shared[${input.c}]`)
  },
  evaluate: ([input, gradient, scale, mean, variance, meanGradient, meanProduct], { epsilon }) => {
    const c = scale.shape[0]
    const out = zeros(input.shape)
    for (let i = 0; i < out.data.length; i++) {
      const k = i % c
      const r = 1 / Math.sqrt(variance.data[k] + epsilon)
      const normalized = (input.data[i] - mean.data[k]) * r
      out.data[i] = scale.data[k] * r * (gradient.data[i] - meanGradient.data[k] - normalized * meanProduct.data[k])
    }
    return out
  },
})
