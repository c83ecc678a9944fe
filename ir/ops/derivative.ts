import { add, affine, type Expression, multiply, reciprocal, step, x, y } from './expression.ts'
import { composed, expressionOf, primitiveFunctions, type Slope, type UnaryFunction } from './unary-functions.ts'

const times = (slope: Slope, by: Slope): Slope => {
  if (typeof by === 'number') return typeof slope === 'number' ? slope * by : affine(slope, by)
  return typeof slope === 'number' ? affine(by, slope) : multiply(slope, by)
}

const plus = (a: Slope, b: Slope): Slope => {
  if (typeof a === 'number') return typeof b === 'number' ? a + b : affine(b, 1, a)
  return typeof b === 'number' ? affine(a, 1, b) : add(a, b)
}

/** The derivative of an expression by `x`; `value` stands for the expression itself. */
export const derivative = (of: Expression, value: Expression = of): Slope => {
  switch (of.kind) {
    case 'given':
      return 1
    case 'unary': {
      const outer = primitiveFunctions[of.fn].slope(of.of, value, of.alpha, of.beta)
      return times(outer, derivative(of.of))
    }
    case 'binary': {
      const [left, right] = [derivative(of.left), derivative(of.right)]
      switch (of.fn) {
        case 'add':
          return plus(left, right)
        case 'subtract':
          return plus(left, times(right, -1))
        case 'multiply':
          return plus(times(left, of.right), times(right, of.left))
        case 'divide':
          return times(plus(left, times(times(right, value), -1)), reciprocal(of.right))
        case 'gate':
          return times(left, step(of.right))
      }
    }
  }
}

/** The derivative of a function, as an expression of `x` and of its value `y`. */
export const slopeOf = (fn: UnaryFunction, alpha: number, beta: number): Slope =>
  composed[fn]?.slope?.(x, y, alpha, beta) ?? derivative(expressionOf(fn, alpha, beta), y)
