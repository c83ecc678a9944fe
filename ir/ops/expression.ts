import type { BinaryFunction } from './binary-functions.ts'

/** Functions of one number that every target has an op for, or a form of its own; the others are expressions over these. */
export type Primitive =
  | 'relu'
  | 'leaky-relu'
  | 'elu'
  | 'sigmoid'
  | 'tanh'
  | 'softplus'
  | 'erf'
  | 'exp'
  | 'log'
  | 'sqrt'
  | 'rsqrt'
  | 'reciprocal'
  | 'square'
  | 'abs'
  | 'negate'
  | 'step'
  | 'clip'
  | 'affine'

/** Functions of two numbers that expressions are made of. */
export type Combination = Exclude<BinaryFunction, 'maximum' | 'minimum'>

/** What a function computes, as data. Values are the same where they are the same object, so what stands twice is computed once. */
export type Expression =
  | { readonly kind: 'given'; readonly name: 'x' | 'y' }
  | {
      readonly kind: 'unary'
      readonly fn: Primitive
      readonly alpha: number
      readonly beta: number
      readonly of: Expression
    }
  | { readonly kind: 'binary'; readonly fn: Combination; readonly left: Expression; readonly right: Expression }

/** What a function is given. */
export const x: Expression = { kind: 'given', name: 'x' }
/** What it gives: slopes are often cheapest by it. */
export const y: Expression = { kind: 'given', name: 'y' }

const unary =
  (fn: Primitive) =>
  (of: Expression, alpha = 0, beta = 0): Expression => ({ kind: 'unary', fn, alpha, beta, of })
const binary =
  (fn: Combination) =>
  (left: Expression, right: Expression): Expression => ({ kind: 'binary', fn, left, right })

export const sigmoid = unary('sigmoid')
export const tanh = unary('tanh')
export const softplus = unary('softplus')
export const erf = unary('erf')
export const exp = unary('exp')
export const log = unary('log')
export const reciprocal = unary('reciprocal')
export const square = unary('square')
export const abs = unary('abs')
export const negate = unary('negate')
export const step = unary('step')
export const clip = unary('clip')
/** `alpha·x + beta`. */
export const affine = (of: Expression, alpha: number, beta = 0): Expression =>
  alpha === 1 && beta === 0 ? of : unary('affine')(of, alpha, beta)

export const add = binary('add')
export const subtract = binary('subtract')
export const multiply = binary('multiply')
export const divide = binary('divide')
export const gate = binary('gate')

/** What a reader makes of the parts of an expression; `whole` is true of the last one, the expression itself. */
export interface Reader<V> {
  readonly unary: (fn: Primitive, of: V, alpha: number, beta: number, whole: boolean) => V
  readonly binary: (fn: Combination, left: V, right: V, whole: boolean) => V
}

/** Reads an expression from its operands on, each part once. @throws Error where a value is not given */
export const read = <V>(expression: Expression, reader: Reader<V>, given: { readonly x?: V; readonly y?: V }): V => {
  const known = new Map<Expression, V>()
  const visit = (part: Expression): V => {
    const value = known.get(part) ?? made(part)
    known.set(part, value)
    return value
  }
  const made = (part: Expression): V => {
    const whole = part === expression
    switch (part.kind) {
      case 'given': {
        const value = given[part.name]
        if (value === undefined) throw new Error(`an expression of ${part.name}, which is not given`)
        return value
      }
      case 'unary':
        return reader.unary(part.fn, visit(part.of), part.alpha, part.beta, whole)
      case 'binary':
        return reader.binary(part.fn, visit(part.left), visit(part.right), whole)
    }
  }
  return visit(expression)
}
