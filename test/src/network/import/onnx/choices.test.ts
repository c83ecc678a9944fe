import { describe, expect, it } from 'vitest'
import { type Array4, type ModelSpec, type NodeSpec, node, numbers, problemsOf, scalar } from './model.ts'
import { absent, expectAlike } from './oracle.ts'

const image: Array4 = numbers([1, 4, 3, 5])
const toFloat = { to: 1 }

const of = (nodes: readonly NodeSpec[], floats: Readonly<Record<string, Array4>> = {}): ModelSpec => ({
  input: image.dims,
  nodes: [node('Neg', 'x', 'o'), node('Greater', 'x two', 'c'), ...nodes, node('Flatten', 'z', 'y')],
  floats: {
    two: scalar(2),
    one: scalar(1),
    byChannel: numbers([4, 1, 1]),
    infinite: scalar(Number.NEGATIVE_INFINITY),
    ...floats,
  },
})

const compared = (op: string, other: string): ModelSpec =>
  of([node(op, `x ${other}`, 'd'), node('Cast', 'd', 'z', toFloat)])

const cases: readonly (readonly [string, ModelSpec])[] = [
  ...['Greater', 'Less', 'GreaterOrEqual', 'LessOrEqual'].flatMap(op => [
    [`${op} of a number`, compared(op, 'two')] as const,
    [`${op} of a number a channel`, compared(op, 'byChannel')] as const,
    [`${op} of a value of the image`, compared(op, 'o')] as const,
  ]),
  ['a threshold', of([node('Where', 'c x one', 'z')])],
  ['a value or its opposite', of([node('Where', 'c x o', 'z')])],
  ['constants', of([node('Where', 'c byChannel one', 'z')])],
  ['a mask', of([node('Cast', 'c', 'm', toFloat), node('Mul', 'x m', 'z')])],
  [
    'what two conditions say together',
    of([
      node('Less', 'o byChannel', 'd'),
      node('Not', 'd', 'e'),
      node('And', 'c e', 'f'),
      node('Or', 'f d', 'g'),
      node('And', 'g e', 'h'),
      node('Where', 'h x one', 'z'),
    ]),
  ],
  ['a quotient of a constant', of([node('Div', 'x two', 'q'), node('Where', 'c q x', 'z')])],
]

describe.skipIf(absent !== undefined)('comparisons and choices, as onnxruntime has them', () => {
  it.each(cases)('%s', async (_, spec) => {
    await expectAlike(spec, image, { digits: 5 })
  })
})

describe('choices that are refused', () => {
  const infinite = 'saw a choice of values that may be infinite, or no number, where they are not chosen'
  it.each([
    [infinite, of([node('Log', 'x', 'l'), node('Where', 'c l x', 'z')])],
    [infinite, of([node('Exp', 'x', 'e'), node('Mul', 'e two', 'f'), node('Where', 'c x f', 'z')])],
    [infinite, of([node('Div', 'two x', 'q'), node('Where', 'c x q', 'z')])],
    [infinite, of([node('Where', 'c x infinite', 'z')])],
    ['saw a cast to BOOL', of([node('Cast', 'x', 'b', { to: 9 }), node('Where', 'b x o', 'z')])],
  ])('%s, case %#', async (message, spec) => {
    expect((await problemsOf(spec)).toLowerCase()).toContain(message.toLowerCase())
  })
})
