import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { declarationOf, opTags } from '../../ir/index.ts'
import { arbitraryOp } from '../arbitrary/ops.ts'

test('every op, the dialect it belongs to, its operands and its attributes', () => {
  const lines = opTags.map(tag => {
    const { tag: own, dialect, operands, keys } = declarationOf(tag)
    expect(own).toBe(tag)
    return `${tag}(${operands.join(', ')}${keys.length > 0 ? `; ${keys.join(', ')}` : ''})${dialect === 'any' ? '' : `, ${dialect}`}`
  })
  expect(lines).toEqual([
    'Input(; name, type)',
    'Parameter(; name, shape)',
    'Conv2d(input, filter; strides, dilations, padding, groups)',
    'Dense(input, weights)',
    'BatchNorm(input, scale, offset, mean, variance; epsilon)',
    'Unary(input; fn, alpha, beta)',
    'Binary(left, right; fn)',
    'MaxPool(input; size, strides, dilations, padding, ceil)',
    'MeanPool(input; size, strides, dilations, padding, ceil, countPadding)',
    'GlobalPool(input; reduction)',
    'Pad(input; padding, channels, value)',
    'Concat(inputs, …; axis)',
    'Slice(input; axis, begin, size)',
    'Flatten(input; order)',
    'Unflatten(input)',
    'Reshape(input; shape)',
    'Transpose(input; permutation)',
    'Resize(input; size, method, coordinates)',
    'Softmax(logits; log)',
    'Act(input; element, axes)',
    'Rotate(input; degrees)',
    'Scale(input; factor)',
    'Shift(input; dy, dx)',
    'Branch(input; axis, transforms), branched',
    'Reduce(logits; reduction), branched',
    'Combine(logits, …; reduction, multiplicity), flat',
    'Stack(values, …), stacked',
    'Unstack(stack; index, count), stacked',
    'ReduceTo(input; to, reduction)',
    'InverseCount(input; to)',
    'Stretch(input, like)',
    'Conv2dTranspose(gradient, filter; strides, dilations, padding, groups, extents)',
    'Conv2dFilterGradient(input, gradient; strides, dilations, padding, groups, extents)',
    'DenseWeightsGradient(input, gradient)',
    'BatchNormInputGradient(input, gradient, scale, mean, variance, meanGradient, meanProduct; epsilon)',
    'MaxPoolGradient(input, gradient; size, strides, dilations, padding, ceil)',
    'MeanPoolGradient(gradient; size, strides, dilations, padding, ceil, countPadding, extents)',
    'ResizeGradient(gradient; extents, method, coordinates)',
    'FlattenGradient(gradient; shape, order)',
    'Warp(input, matrix)',
    'WarpGradient(gradient, matrix)',
  ])
})

/** The value with one thing in it at a time replaced by what nothing is, or one element of a list left out. */
const damaged = (value: unknown, path: string): readonly (readonly [string, unknown])[] => [
  [path, Symbol('nothing')],
  ...(Array.isArray(value)
    ? value.flatMap((item, k) =>
        damaged(item, `${path}[${k}]`).map(([at, other]) => [at, value.with(k, other)] as const),
      )
    : typeof value === 'object' && value !== null
      ? Object.entries(value).flatMap(([key, item]) =>
          damaged(item, `${path}.${key}`).map(([at, other]) => [at, { ...value, [key]: other }] as const),
        )
      : []),
]

describe('attributes', () => {
  test.each(opTags)('of %s decode, and none that is damaged does', tag => {
    const { attributes: codec } = declarationOf(tag)
    for (const { attributes } of fc.sample(arbitraryOp(tag), { numRuns: 4, seed: 3 })) {
      expect(codec.is(attributes)).toBe(true)
      for (const [at, other] of damaged(attributes, tag))
        if (at !== tag) expect([at, codec.is(other)]).toEqual([at, false])
    }
  })

  test('of pairs are pairs', () => {
    const { attributes: codec } = declarationOf('MaxPool')
    const [{ attributes }] = fc.sample(arbitraryOp('MaxPool'), { numRuns: 1, seed: 3 })
    expect(codec.is({ ...attributes, size: [2] })).toBe(false)
    const shape = { shape: [2, 3], order: 'hwc' }
    expect(declarationOf('FlattenGradient').attributes.is(shape)).toBe(false)
  })
})
