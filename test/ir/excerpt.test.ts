import fc from 'fast-check'
import { expect, it } from 'vitest'
import { excerpt } from '../../ir/index.ts'

it('is JSON where that is short, and JSON cut short elsewhere', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.integer({ min: 1, max: 200 }), (value, most) => {
      const text = JSON.stringify(value)
      expect(excerpt(value, most)).toBe(text.length > most ? `${text.slice(0, most)}…` : text)
    }),
  )
})

it('does not walk what it does not show', () => {
  const deep = (open: string, inner: string, close: string): unknown =>
    JSON.parse(open.repeat(200_000) + inner + close.repeat(200_000))
  expect(excerpt(deep('[', '', ']'))).toBe(`${'['.repeat(120)}…`)
  expect(excerpt(deep('{"a":', '1', '}'))).toBe(`${'{"a":'.repeat(24)}…`)
  expect(excerpt('x'.repeat(1e7))).toBe(`"${'x'.repeat(119)}…`)
  expect(excerpt({ ['x'.repeat(1e7)]: 1 })).toBe(`{"${'x'.repeat(118)}…`)
  const guarded = Array.from({ length: 1000 }, (_, at) => at)
  Object.defineProperty(guarded, 500, { get: () => expect.unreachable() })
  expect(excerpt(guarded)).toHaveLength(121)
  expect(excerpt(undefined)).toBe('nothing')
})

it('writes what JSON has no word for as it does in lists, and what is inherited not at all', () => {
  expect(excerpt([undefined, () => 1])).toBe('[null,null]')
  expect(excerpt(Object.assign(Object.create({ inherited: 1 }), { own: 2 }))).toBe('{"own":2}')
})
