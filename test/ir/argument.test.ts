import { describe, expect, it } from 'vitest'
import { argumentProblem, checkArgument, checkGraph, EspalierError, isGraph, isObject, kindOf } from '../../ir/index.ts'

class Own {
  readonly kept = 1
}

const kinds: readonly (readonly [value: unknown, kind: string])[] = [
  [undefined, 'undefined'],
  [null, 'null'],
  [() => 1, 'a function'],
  ['text', '"text"'],
  ['x'.repeat(100), `"${'x'.repeat(59)}…`],
  [7, 'the number 7'],
  [false, 'the boolean false'],
  [Promise.resolve(1), 'a promise'],
  [[1, 2], 'an array of 2'],
  [new Map([[1, 2]]), 'a Map of 1'],
  [new Set(), 'a Set of 0'],
  [new ArrayBuffer(8), 'an ArrayBuffer of 8 bytes'],
  [new Float32Array(3), 'a Float32Array of 3'],
  [new Int8Array(2), 'an Int8Array of 2'],
  [new DataView(new ArrayBuffer(5)), 'a DataView of 5'],
  [{ _tag: 'Left', left: [] }, 'an Either or Option'],
  [{}, 'an empty object'],
  [{ a: 1, b: 2 }, 'an object with a, b'],
  [{ a: 1, b: 2, c: 3, d: 4 }, 'an object with a, b, c, d'],
  [{ a: 1, b: 2, c: 3, d: 4, e: 5 }, 'an object with a, b, c, d, …'],
  [new Own(), 'an Own with kept'],
  [new Date(0), 'an empty Date'],
  [Object.create(null), 'an empty object'],
]

describe('the kind of a value', () => {
  for (const [value, kind] of kinds) it(`is said as ${kind.slice(0, 40)}`, () => expect(kindOf(value)).toBe(kind))
})

const graph = { nodes: [], outputs: [] }

it('tells objects from arrays and numbers in a row', () => {
  for (const value of [{}, graph, new Map()]) expect(isObject(value)).toBe(true)
  for (const value of [null, undefined, 'a', 1, [], new Float32Array(1), () => 1]) expect(isObject(value)).toBe(false)
})

it('takes what has nodes and outputs for a graph', () => {
  expect(isGraph(graph)).toBe(true)
  for (const value of [
    null,
    'a',
    [],
    {},
    { nodes: [] },
    { outputs: [] },
    { nodes: {}, outputs: [] },
    { nodes: [], outputs: {} },
  ])
    expect(isGraph(value)).toBe(false)
})

describe('the problem of an argument', () => {
  it('says where, what was seen, what was expected and what to try', () =>
    expect(argumentProblem('compile, plan', 7, 'a plan', 'parsePlan(text)')).toEqual({
      tag: 'bad-argument',
      where: 'compile, plan',
      seen: 'the number 7',
      expected: 'a plan',
      hint: 'parsePlan(text)',
    }))

  it('has a hint of its own for what is not unwrapped', () => {
    expect(argumentProblem('f', Promise.resolve(), 'a plan', 'other').hint).toBe('await it')
    expect(argumentProblem('f', { _tag: 'Right' }, 'a plan', 'other').hint).toBe('its right side, where it has one')
    for (const value of [null, { a: 1 }, '_tag']) expect(argumentProblem('f', value, 'a plan').hint).toBeUndefined()
  })
})

it('is thrown where an argument does not fit, and nowhere else', () => {
  expect(checkArgument('f', 1, true, 'a number')).toBeUndefined()
  expect(() => checkArgument('f', 'a', false, 'a number')).toThrow(EspalierError)
})

describe('a graph as an argument', () => {
  const hintOf = (value: unknown): string | undefined => {
    try {
      checkGraph('print', value)
      return 'fits'
    } catch (error) {
      return (error as EspalierError).problems[0].hint
    }
  }

  it('fits, or is said to be hidden in what was given', () => {
    expect(hintOf(graph)).toBe('fits')
    expect(hintOf('graph {}')).toBe('parse(text)')
    expect(hintOf({ graph })).toBe('its graph')
    expect(hintOf({ graph: 1 })).toBeUndefined()
    expect(hintOf({})).toBeUndefined()
    expect(hintOf(null)).toBeUndefined()
  })
})
