import { expect, it } from 'vitest'
import { mapType, sharedType, type Type, vectorType } from '../../ir/index.ts'
import { apply, numbers, operand, typing } from './apply.ts'

const channels = sharedType([2])
const statistics = (...pairs: readonly (readonly [number, number])[]) => pairs.map(pair => operand(channels, pair))

it('the gradient of a normalization is scale·r·(g − meanGradient − x̂·meanProduct), channel by channel', () => {
  const x = operand(vectorType(2), [5, 1, 3, 2])
  const g = operand(vectorType(2), [10, 20, 30, 40])
  // r is 1/√(3 + 1) = ½ and 1/√(15 + 1) = ¼.
  const [scale, mean, variance, meanGradient, meanProduct] = statistics([2, 4], [1, 2], [3, 15], [3, 5], [1, 8])
  const result = apply('BatchNormInputGradient', { epsilon: 1 }, x, g, scale, mean, variance, meanGradient, meanProduct)
  expect(result.shape).toEqual([2, 2])
  expect(numbers(result)).toEqual([10 - 3 - 2 * 1, 20 - 5 + 0.25 * 8, 30 - 3 - 1, 40 - 5])
})

it('types', () => {
  const of = (...types: Parameters<typeof typing>[2][]) => typing('BatchNormInputGradient', { epsilon: 1 }, ...types)
  const five: readonly Type[] = Array.from({ length: 5 }, () => channels)
  expect(of(mapType(3, 4, 2), mapType(3, 4, 2), ...five)).toBe('Map[3,4,2]')
  expect(of(vectorType(2), vectorType(2), ...five)).toBe('Vector[2]')
  expect(of(vectorType(2), vectorType(3), ...five)).toBeNull()
  expect(of(mapType(3, 4, 2), vectorType(2), ...five)).toBeNull()
  expect(of(channels, channels, ...five)).toBeNull()
  five.forEach((_, k) => {
    expect(of(vectorType(2), vectorType(2), ...five.with(k, sharedType([3])))).toBeNull()
    expect(of(vectorType(2), vectorType(2), ...five.with(k, vectorType(2)))).toBeNull()
  })
  expect(of(vectorType(2), vectorType(2), ...five.slice(1))).toBeNull()
})
