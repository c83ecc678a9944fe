import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Dialect, declarationOf, opTags } from '../../ir/index.ts'
import { arbitraryOp } from '../arbitrary/ops.ts'

test('every op is declared under its tag, with a word for each operand', () => {
  for (const tag of opTags) {
    const { tag: own, operands } = declarationOf(tag)
    expect(own).toBe(tag)
    expect(operands.filter(name => !/^([a-z]+|…)$/i.test(name))).toEqual([])
    expect(new Set(operands).size).toBe(operands.length)
  }
})

test('few ops belong to one dialect: those that make or join variants', () => {
  const of = (dialect: Dialect) => opTags.filter(tag => declarationOf(tag).dialect === dialect)
  expect([of('branched'), of('flat'), of('stacked')]).toEqual([
    ['Branch', 'Undo', 'Reduce'],
    ['Combine'],
    ['Stack', 'Unstack'],
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
