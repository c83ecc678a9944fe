import { expect, test } from 'vitest'
import { declarationOf, opTags } from '../../ir/index.ts'

test('every op, the dialect it belongs to, its operands and its attributes', () => {
  const lines = opTags.map(tag => {
    const { tag: own, dialect, operands, keys } = declarationOf(tag)
    expect(own).toBe(tag)
    return `${tag}(${operands.join(', ')}${keys.length > 0 ? `; ${keys.join(', ')}` : ''})${dialect === 'any' ? '' : `, ${dialect}`}`
  })
  expect(lines).toEqual(
    expect.arrayContaining([
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
    ]),
  )
})
