import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { derivative, slopeOf } from '../../ir/ops/derivative.ts'
import * as expressions from '../../ir/ops/expression.ts'
import { type Expression, type Reader, read, x, y } from '../../ir/ops/expression.ts'
import { functionOf, type UnaryFunction, unaryFunctions } from '../../ir/ops/unary-functions.ts'

const { add, affine, divide, gate, multiply, sigmoid, softplus, square, subtract, tanh } = expressions

const pairs = {
  add: (a: number, b: number) => a + b,
  subtract: (a: number, b: number) => a - b,
  multiply: (a: number, b: number) => a * b,
  divide: (a: number, b: number) => a / b,
  gate: (a: number, b: number) => (b > 0 ? a : 0),
}
const numbers: Reader<number> = {
  unary: (fn, of, alpha, beta) => functionOf(fn, alpha, beta)(of),
  binary: (fn, left, right) => pairs[fn](left, right),
}
const valueAt = (of: Expression, at: number): number => read(of, numbers, { x: at })

/** Expressions of x that are smooth and nowhere steep. */
const smooth: fc.Arbitrary<Expression> = fc.letrec<{ tree: Expression }>(tie => {
  const of = tie('tree')
  const pair = fc.tuple(of, of)
  return {
    tree: fc.oneof(
      { maxDepth: 4, depthIdentifier: 'tree' },
      fc.constant(x),
      fc.constantFrom(sigmoid, tanh, softplus).chain(fn => of.map(part => fn(part))),
      fc.tuple(of, fc.constantFrom(-1, 0.5, 1), fc.constantFrom(0, 0.25)).map(([part, a, b]) => affine(part, a, b)),
      of.map(part => square(tanh(part))),
      fc.constantFrom(add, subtract, multiply).chain(fn => pair.map(([a, b]) => fn(tanh(a), b))),
      pair.map(([a, b]) => divide(a, affine(sigmoid(b), 1, 1))),
    ),
  }
}).tree

describe('the derivative of an expression', () => {
  it('agrees with differences', () => {
    fc.assert(
      fc.property(smooth, fc.double({ min: -2, max: 2, noNaN: true }), (of, at) => {
        const slope = derivative(of)
        const seen = typeof slope === 'number' ? slope : valueAt(slope, at)
        const wanted = (valueAt(of, at + 1e-5) - valueAt(of, at - 1e-5)) / 2e-5
        expect(Math.abs(seen - wanted)).toBeLessThan(1e-5 * Math.max(1, Math.abs(wanted)))
      }),
      { seed: 7 },
    )
  })

  it('of a gate is shut where the gate is', () => {
    const slope = derivative(gate(square(x), x)) as Expression
    expect([-3, 3].map(at => Math.abs(valueAt(slope, at)))).toEqual([0, 6])
  })

  it('reads numbers alone where it is one', () => {
    expect(derivative(add(x, affine(x, 3, 1)))).toBe(4)
    expect(derivative(subtract(affine(x, -2), x))).toBe(-3)
    expect(slopeOf('affine', 3, 1)).toBe(3)
  })

  it('goes by the value of the function where that says enough', () => {
    const seen: string[] = []
    const name: Reader<string> = { unary: (_, of) => of, binary: (_, left, right) => `${left}${right}` }
    for (const fn of ['relu6', 'hard-sigmoid', 'sigmoid', 'tanh', 'exp', 'clip'] as const)
      seen.push(read(slopeOf(fn, 1, 2) as Expression, name, { y: 'y' }))
    expect(seen.every(names => /^y+$/.test(names))).toBe(true)
  })
})

describe('an expression', () => {
  it('is read from its operands on, each part once, and tells which is the whole', () => {
    const s = sigmoid(x)
    const seen: string[] = []
    const reader: Reader<string> = {
      unary: (fn, of, alpha, beta, whole) => {
        seen.push(`${fn} ${of} ${alpha} ${beta} ${whole}`)
        return fn
      },
      binary: (fn, left, right, whole) => {
        seen.push(`${fn} ${left} ${right} ${whole}`)
        return fn
      },
    }
    expect(read(add(s, multiply(y, affine(s, -1, 1))), reader, { x: 'x', y: 'y' })).toBe('add')
    expect(seen).toEqual([
      'sigmoid x 0 0 false',
      'affine sigmoid -1 1 false',
      'multiply y affine false',
      'add sigmoid multiply true',
    ])
  })

  it('of what is not given is no function', () => {
    expect(() => read(multiply(x, y), numbers, { x: 1 })).toThrow('an expression of y, which is not given')
  })

  it('leaves out what multiplies by one and adds nothing', () => {
    expect(affine(x, 1)).toBe(x)
    expect(affine(x, 1, 2)).not.toBe(x)
    expect(affine(x, 2)).not.toBe(x)
  })
})

it.each(Object.keys(unaryFunctions) as readonly UnaryFunction[])('%s: of NaN always NaN', fn => {
  expect(functionOf(fn, 0.5, 0.25)(Number.NaN)).toBeNaN()
})
