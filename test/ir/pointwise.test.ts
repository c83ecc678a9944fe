import { either as E } from 'fp-ts'
import { describe, expect, test } from 'vitest'
import { declarationOf, inferNode, mapType, sharedType, vectorType } from '../../ir/index.ts'
import type { Primitive } from '../../ir/ops/expression.ts'
import type { UnaryFunction } from '../../ir/ops/pointwise.ts'
import { apply, integers, numbers, operand, typing } from './apply.ts'

/** By hand where whole, otherwise from tables. */
type Cases = readonly (readonly [x: number, alpha: number, beta: number, y: number])[]
/** Of functions composed of others, those with a table of their own: what they are composed of says the rest. */
const unaryCases: { readonly [F in Primitive]: Cases } & { readonly [F in UnaryFunction]?: Cases } = {
  relu: [
    [-2, 0, 0, 0],
    [3, 0, 0, 3],
  ],
  relu6: [
    [-1, 0, 0, 0],
    [5, 0, 0, 5],
    [7, 0, 0, 6],
  ],
  'leaky-relu': [
    [-2, 0.1, 0, -0.2],
    [2, 0.1, 0, 2],
  ],
  elu: [
    [-1, 1, 0, -0.6321205588285577],
    [-1, 2, 0, -1.2642411176571153],
    [2, 1, 0, 2],
  ],
  sigmoid: [
    [0, 0, 0, 0.5],
    [1, 0, 0, 0.7310585786300049],
    [-1000, 0, 0, 0],
    [1000, 0, 0, 1],
  ],
  'hard-sigmoid': [
    [0, 0.2, 0.5, 0.5],
    [1, 0.2, 0.5, 0.7],
    [-9, 0.2, 0.5, 0],
    [9, 0.2, 0.5, 1],
  ],
  swish: [
    [1, 0, 0, 0.7310585786300049],
    [-1, 0, 0, -0.2689414213699951],
  ],
  'hard-swish': [
    [-4, 0, 0, 0],
    [1, 0, 0, 2 / 3],
    [4, 0, 0, 4],
  ],
  tanh: [[0.5, 0, 0, (Math.E - 1) / (Math.E + 1)]],
  softplus: [
    [0, 0, 0, Math.LN2],
    [1000, 0, 0, 1000],
    [-1000, 0, 0, 0],
  ],
  // x·Φ(x) with Φ from tables of the normal distribution
  gelu: [
    [0, 0, 0, 0],
    [1, 0, 0, 0.8413447460685429],
    [-1, 0, 0, -0.15865525393145707],
    [3, 0, 0, 2.99595030590511],
    [-5, 0, 0, -1.4332578620428547e-6],
  ],
  // tanh(log(u)) = (u² − 1)/(u² + 1), of u = 1 + exp(x)
  mish: [
    [0, 0, 0, 0],
    [1, 0, 0, ((1 + Math.E) ** 2 - 1) / ((1 + Math.E) ** 2 + 1)],
    [-1000, 0, 0, 0],
  ],
  softsign: [
    [-3, 0, 0, -0.75],
    [1, 0, 0, 0.5],
  ],
  // x·σ(2u) with u = √(2/π)·(x + 0.044715·x³)
  'gelu-tanh': [
    [1, 0, 0, 0.8411919906082768],
    [-1, 0, 0, -0.15880800939172326],
    [3, 0, 0, 2.9963626079182273],
  ],
  erf: [
    [0, 0, 0, 0],
    [0.5, 0, 0, 0.5204998778130465],
    [-2, 0, 0, -0.9953222650189527],
  ],
  step: [
    [0.5, 0, 0, 1],
    [0, 0, 0, 0],
    [-3, 0, 0, 0],
  ],
  exp: [[1, 0, 0, Math.E]],
  log: [[Math.E, 0, 0, 1]],
  sqrt: [[9, 0, 0, 3]],
  rsqrt: [[4, 0, 0, 0.5]],
  reciprocal: [[-4, 0, 0, -0.25]],
  square: [[-3, 0, 0, 9]],
  abs: [[-3, 0, 0, 3]],
  negate: [[3, 0, 0, -3]],
  clip: [
    [-9, -1, 2, -1],
    [9, -1, 2, 2],
    [1, -1, 2, 1],
  ],
  affine: [[3, -2, 0.5, -5.5]],
}

describe('Unary', () => {
  test.each(Object.entries(unaryCases))('%s', (fn, cases) => {
    for (const [x, alpha, beta, y] of cases) {
      const out = apply('Unary', { fn: fn as UnaryFunction, alpha, beta }, operand(vectorType(1), [x]))
      expect(out.data[0]).toBeCloseTo(y, 12)
    }
  })

  test('keeps any type', () => {
    const relu = { fn: 'relu', alpha: 0, beta: 0 } as const
    expect(typing('Unary', relu, mapType(2, 3, 4))).toBe('Map[2,3,4]')
    expect(typing('Unary', relu, vectorType(4))).toBe('Vector[4]')
    expect(typing('Unary', relu, sharedType([]))).toBe('Shared[]')
    expect(typing('Unary', relu)).toBeNull()
  })
})

describe('Binary', () => {
  test.each([
    ['add', [5, -1]],
    ['subtract', [-1, 5]],
    ['multiply', [6, -6]],
    ['divide', [2 / 3, -2 / 3]],
    ['maximum', [3, 2]],
    ['minimum', [2, -3]],
  ] as const)('%s', (fn, expected) => {
    const [a, b] = [operand(vectorType(2), [2, 2]), operand(vectorType(2), [3, -3])]
    expect(numbers(apply('Binary', { fn }, a, b))).toEqual(expected)
  })

  const add = { fn: 'add' } as const
  test('stretches axes of extent 1 and shares what is shared, example by example', () => {
    const x = operand(mapType(1, 2, 2), [1, 2, 3, 4, 10, 20, 30, 40])
    const perChannel = operand(sharedType([2]), [100, 200])
    expect(numbers(apply('Binary', add, x, perChannel))).toEqual([101, 202, 103, 204, 110, 220, 130, 240])
    expect(numbers(apply('Binary', add, perChannel, x))).toEqual([101, 202, 103, 204, 110, 220, 130, 240])
    const perPixel = operand(mapType(1, 2, 1), [100, 200, 300, 400])
    expect(numbers(apply('Binary', add, x, perPixel))).toEqual([101, 102, 203, 204, 310, 320, 430, 440])
    const excited = operand(mapType(1, 1, 2), [1, 2, 3, 4])
    expect(numbers(apply('Binary', { fn: 'multiply' }, x, excited))).toEqual([1, 4, 3, 8, 30, 80, 90, 160])
    expect(numbers(apply('Binary', add, operand(sharedType([2, 1]), [1, 2]), perChannel))).toEqual([101, 201, 102, 202])
    expect(numbers(apply('Binary', add, operand(sharedType([]), [1]), x))).toEqual([2, 3, 4, 5, 11, 21, 31, 41])
    // a shared tensor that is larger than the example's axis of extent 1
    const grown = apply('Binary', add, operand(vectorType(1), [1, 2]), perChannel)
    expect([grown.shape, numbers(grown)]).toEqual([
      [2, 2],
      [101, 201, 102, 202],
    ])
  })

  test('types', () => {
    const x = mapType(4, 5, 6)
    expect(typing('Binary', add, x, x)).toBe('Map[4,5,6]')
    expect(typing('Binary', add, x, mapType(1, 1, 6))).toBe('Map[4,5,6]')
    expect(typing('Binary', add, sharedType([5, 1]), x)).toBe('Map[4,5,6]')
    expect(typing('Binary', add, vectorType(3), sharedType([3]))).toBe('Vector[3]')
    expect(typing('Binary', add, sharedType([2, 1]), sharedType([3]))).toBe('Shared[2,3]')
    expect(typing('Binary', add, x, mapType(2, 5, 6))).toBeNull()
    expect(typing('Binary', add, x, vectorType(6))).toBeNull()
    expect(typing('Binary', add, vectorType(6), sharedType([1, 6]))).toBeNull()
    expect(typing('Binary', add, x, sharedType([1, 4, 5, 6]))).toBeNull()
    expect(typing('Binary', add, sharedType([2 ** 20, 1]), sharedType([2 ** 20]))).toBeNull()
  })
})

describe('BatchNorm', () => {
  test('normalizes channel by channel, on maps and on vectors', () => {
    const statistics = [
      [2, 3],
      [10, 20],
      [1, -1],
      [4 - 0.5, 9 - 0.5],
    ].map(values => operand(sharedType([2]), values))
    const x = operand(mapType(1, 2, 2), [1, 2, 3, 5])
    expect(numbers(apply('BatchNorm', { epsilon: 0.5 }, x, ...statistics))).toEqual([10, 23, 12, 26])
    const v = operand(vectorType(2), [1, 2, 3, 5])
    expect(numbers(apply('BatchNorm', { epsilon: 0.5 }, v, ...statistics))).toEqual([10, 23, 12, 26])
  })

  test('types', () => {
    const s = sharedType([2])
    expect(typing('BatchNorm', { epsilon: 0 }, mapType(3, 3, 2), s, s, s, s)).toBe('Map[3,3,2]')
    expect(typing('BatchNorm', { epsilon: 0 }, mapType(3, 3, 2), s, s, s, sharedType([3]))).toBeNull()
    expect(typing('BatchNorm', { epsilon: 0 }, mapType(3, 3, 2), s, s, s)).toBeNull()
    expect(typing('BatchNorm', { epsilon: 0 }, s, s, s, s, s)).toBeNull()
  })

  test('is pointwise: equal to the formula built from other ops', () => {
    const x = integers(mapType(2, 3, 2), 1, 2)
    const [scale, offset, mean] = [2, 3, 4].map(seed => integers(sharedType([2]), seed))
    const variance = operand(sharedType([2]), [1, 4])
    const centred = apply('Binary', { fn: 'subtract' }, x, mean)
    const scaled = apply('Binary', { fn: 'multiply' }, { type: x.type, value: centred }, scale)
    const divided = apply('Binary', { fn: 'divide' }, { type: x.type, value: scaled }, operand(sharedType([2]), [1, 2]))
    const wanted = apply('Binary', { fn: 'add' }, { type: x.type, value: divided }, offset)
    expect(numbers(apply('BatchNorm', { epsilon: 0 }, x, scale, offset, mean, variance))).toEqual(numbers(wanted))
  })
})

describe('what operands are', () => {
  test('a shared tensor without the first axis is stretched along it, and along its axes of extent 1', () => {
    const x = operand(mapType(2, 2, 2), [1, 2, 3, 4, 5, 6, 7, 8])
    const column = operand(sharedType([2, 1]), [10, 100])
    // One number a column, for both rows and both channels.
    expect(numbers(apply('Binary', { fn: 'multiply' }, x, column))).toEqual([10, 20, 300, 400, 50, 60, 700, 800])
    expect(numbers(apply('Binary', { fn: 'add' }, column, x))).toEqual([11, 12, 103, 104, 15, 16, 107, 108])
  })

  test('are named where they do not agree', () => {
    const two = [mapType(2, 2, 2), vectorType(2)].map(type => ({ type, variants: [] }))
    const result = inferNode('Binary', { fn: 'add' } as never, two)
    expect(E.isLeft(result) && result.left.seen).toBe('Map[2,2,2] and Vector[2]')
    expect(E.isLeft(result) && result.left.expected).toMatch(/^shapes that agree/)
  })

  test('of a normalization are shared statistics of its channels', () => {
    const c = sharedType([3])
    expect(typing('BatchNorm', { epsilon: 0.1 }, vectorType(3), c, c, c, c)).toBe('Vector[3]')
    expect(typing('BatchNorm', { epsilon: 0.1 }, c, c, c, c, c)).toBeNull()
    expect(typing('BatchNorm', { epsilon: 0.1 }, vectorType(3), c, c, vectorType(3), c)).toBeNull()
    expect(typing('BatchNorm', { epsilon: 0.1 }, vectorType(3), c, c, c, sharedType([1]))).toBeNull()
  })

  test('give float64 unless a result is to be rounded', () => {
    const { evaluate } = declarationOf('Binary')
    const type = vectorType(2)
    const value = operand(type, [1, 2]).value
    const typed = { operands: [type, type], result: type }
    const rule = evaluate as NonNullable<typeof evaluate>
    expect(rule([value, value], { fn: 'add' } as never, typed).data).toEqual(Float64Array.of(2, 4))
    expect(rule([value, value], { fn: 'add' } as never, { ...typed, rounded: true }).data).toEqual(
      Float32Array.of(2, 4),
    )
  })
})

test('the error function, of a table with 16 digits', () => {
  const erf = (x: number): number =>
    numbers(apply('Unary', { fn: 'erf', alpha: 0, beta: 0 }, operand(vectorType(1), [x])))[0]
  expect(erf(0.5)).toBeCloseTo(0.5204998778130465, 15)
  expect(erf(1.7)).toBeCloseTo(0.9837904585907745, 15)
  expect(erf(1.75)).toBe(0.9866716712191824)
  expect(erf(2.4)).toBeCloseTo(0.999311486103355, 15)
  expect(erf(2.6)).toBeCloseTo(0.9997639655834707, 15)
  expect(erf(5)).toBeCloseTo(0.9999999999984626, 15)
  expect(erf(-5)).toBe(-erf(5))
  expect([7, 40, Number.POSITIVE_INFINITY, -7].map(erf)).toEqual([1, 1, 1, -1])
})
