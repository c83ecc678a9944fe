import type { NodeId } from '../../../../../ir/graph.ts'
import type { UnaryFunction } from '../../../../../ir/ops/pointwise.ts'
import { broadcast } from '../broadcast.ts'
import { constant } from '../constant.ts'
import { takeUniform } from '../folds/room.ts'
import { inputAt, numbersOf, type OnnxNode, type Value } from '../node.ts'
import { refuse } from '../refuse.ts'
import type { Rule, Translation } from '../translation.ts'
import { type View, withNode } from '../view.ts'

/** Truth is 1 and falsehood 0: what compares, and what chooses by it. */

/** `1 − x`. */
const not = (t: Translation, x: Value, name: string): Value =>
  x.kind === 'view'
    ? withNode(x, t.build.unary('affine', x.node, { alpha: -1, beta: 1 }, name))
    : constant(
        `${x.name}.not`,
        x.dims,
        numbersOf(x).map(value => 1 - value),
        'float',
      )

/** Whether `a` is above `b`. */
const above = (t: Translation, a: Value, b: Value, name: string): View => {
  const difference = broadcast(t, 'subtract', [a, b], name)
  return withNode(difference, t.build.unary('step', difference.node, {}, name))
}

type Compared = (t: Translation, a: Value, b: Value, name: string) => Value

const compared =
  (by: Compared): Rule =>
  (node, t) => [by(t, inputAt(node, 0), inputAt(node, 1), node.name)]

/** Functions of finite numbers that may be infinite, or no number. */
const unbounded: ReadonlySet<UnaryFunction> = new Set<UnaryFunction>([
  'exp',
  'log',
  'sqrt',
  'rsqrt',
  'reciprocal',
  'power',
])

/** The most functions that are looked at. */
const lookedAt = 1024

/** Whether a node is finite as far as functions of each number make it: what they are of is taken to be. */
const staysFinite = (t: Translation, id: NodeId): boolean => {
  const { nodes } = t.build.draft
  const divides = (by: NodeId): boolean => {
    const { tag, attributes } = nodes[by]
    return tag === 'Parameter' || (tag === 'Constant' && attributes.values.every(value => value !== 0))
  }
  const open = [id]
  const seen = new Set(open)
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const { tag, attributes, operands } = nodes[at]
    if (seen.size > lookedAt) return false
    if (tag === 'Unary' && unbounded.has(attributes.fn)) return false
    if (tag === 'Binary' && attributes.fn === 'divide' && !divides(operands[1])) return false
    if (tag !== 'Unary' && tag !== 'Binary') continue
    for (const operand of operands)
      if (!seen.has(operand)) {
        seen.add(operand)
        open.push(operand)
      }
  }
  return true
}

/** A value where a condition is 1, and nothing elsewhere. */
const where = (t: Translation, node: OnnxNode, condition: Value, value: Value): View => {
  const finite = value.kind === 'view' ? staysFinite(t, value.node) : numbersOf(value).every(Number.isFinite)
  if (!finite)
    return refuse(
      'unsupported-shape',
      'a choice of values that may be infinite, or no number, where they are not chosen',
      'finite ones',
    )
  if (condition.kind === 'view' || value.kind === 'view') return broadcast(t, 'multiply', [value, condition], node.name)
  return refuse(
    'unsupported-shape',
    'a choice between constants and values of the image by a constant',
    'values of the image',
  )
}

/** `a · condition + b · (1 − condition)`. */
const choice: Rule = (node, t) => {
  takeUniform(t.room, node.inputs)
  const [condition, a, b] = [0, 1, 2].map(at => inputAt(node, at))
  const [left, right] = [where(t, node, condition, a), where(t, node, not(t, condition, node.name), b)]
  return [broadcast(t, 'add', [left, right], node.name)]
}

export const choices: Readonly<Record<string, Rule>> = {
  Greater: compared(above),
  Less: compared((t, a, b, name) => above(t, b, a, name)),
  GreaterOrEqual: compared((t, a, b, name) => not(t, above(t, b, a, name), name)),
  LessOrEqual: compared((t, a, b, name) => not(t, above(t, a, b, name), name)),
  And: compared((t, a, b, name) => broadcast(t, 'multiply', [a, b], name)),
  Or: compared((t, a, b, name) => broadcast(t, 'maximum', [a, b], name)),
  Not: (node, t) => [not(t, inputAt(node, 0), node.name)],
  Where: choice,
}
