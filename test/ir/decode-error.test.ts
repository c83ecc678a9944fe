import { either as E } from 'fp-ts'
import * as t from 'io-ts'
import { describe, expect, test } from 'vitest'
import { Count, decodeErrors, Real, show } from '../../ir/index.ts'

describe('show', () => {
  test.each([
    ['a', '"a"'],
    ['x'.repeat(60), `"${'x'.repeat(60)}"`],
    ['x'.repeat(61), `"${'x'.repeat(60)}…"`],
    [[1, 2, 3], 'a list of 3'],
    [{ a: 1 }, 'an object'],
    [null, 'null'],
    [undefined, 'nothing'],
    [1.5, '1.5'],
    [true, 'true'],
  ])('%j', (value, text) => expect(show(value)).toBe(text))
})

const errors = (codec: t.Mixed, value: unknown) => {
  const decoded = codec.decode(value)
  return E.isLeft(decoded) ? decodeErrors(decoded.left) : []
}
const paths = (codec: t.Mixed, value: unknown) => errors(codec, value).map(({ path }) => path)

describe('decodeErrors', () => {
  test('say what was seen and what was expected', () => {
    expect(errors(t.strict({ a: t.string }), { a: 1 })).toEqual([{ path: 'a', seen: '1', expected: 'string' }])
    expect(errors(Count, 1.5)).toEqual([{ path: '', seen: '1.5', expected: 'a whole number of 31 bits and a sign' }])
    expect(errors(Real, '1')).toEqual([{ path: '', seen: '"1"', expected: 'a finite number' }])
  })

  test('say where, as the data has it', () => {
    expect(paths(t.strict({ a: t.strict({ b: t.readonlyArray(t.number) }) }), { a: { b: [0, '1'] } })).toEqual([
      'a.b[1]',
    ])
    expect(paths(t.array(t.array(t.number)), [[], [0, 1, '2']])).toEqual(['[1][2]'])
    expect(paths(t.array(t.number), [...new Array(10).fill(0), ''])).toEqual(['[10]'])
    expect(paths(t.strict({ '1a': t.number, a1: t.number }), { '1a': '', a1: '' })).toEqual(['1a', 'a1'])
    expect(paths(t.strict({ '': t.number }), { '': '' })).toEqual([''])
  })

  test('members of unions and intersections are no place in the data', () => {
    const member = t.union([t.strict({ a: t.number }), t.strict({ b: t.number })])
    expect(paths(member, { a: '' })).toEqual(['a', 'b'])
    expect(paths(t.strict({ u: t.union([t.number, t.boolean]) }), { u: '' })).toEqual(['u', 'u'])
    expect(paths(t.strict({ u: t.readonly(t.union([t.number, t.boolean])) }), { u: '' })).toEqual(['u', 'u'])
    expect(paths(t.intersection([t.type({ a: t.number }), t.type({ b: t.number })]), { a: 1, b: '' })).toEqual(['b'])
    expect(paths(t.exact(t.intersection([t.type({ a: t.number }), t.type({ b: t.number })])), { a: 1 })).toEqual(['b'])
  })
})

test('whole numbers have 31 bits and a sign, real ones are finite', () => {
  const most = 2 ** 31 - 1
  expect([0, most, -most, most + 1, -most - 1, 0.5, '1', Number.NaN].map(Count.is)).toEqual([
    true,
    true,
    true,
    false,
    false,
    false,
    false,
    false,
  ])
  expect([0.5, -1e300, Number.POSITIVE_INFINITY, Number.NaN, '1', [1]].map(Real.is)).toEqual([
    true,
    true,
    false,
    false,
    false,
    false,
  ])
})
