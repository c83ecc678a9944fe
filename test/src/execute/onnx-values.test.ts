import { expect, it } from 'vitest'
import type { Type } from '../../../ir/index.ts'
import { fromOnnx, toOnnx } from '../../../src/execute/onnx-values.ts'

const map: Type = { kind: 'Map', h: 2, w: 3, c: 2 }
/** Two examples; the digits are example, row, column and channel. */
const channelsLast = Float32Array.from(
  [0, 1].flatMap(n => [0, 1].flatMap(y => [0, 1, 2].flatMap(x => [0, 1].map(c => 1000 * n + 100 * y + 10 * x + c)))),
)
const channelsFirst = Float32Array.from(
  [0, 1].flatMap(n => [0, 1].flatMap(c => [0, 1].flatMap(y => [0, 1, 2].map(x => 1000 * n + 100 * y + 10 * x + c)))),
)

it('feeds maps channels first and returns them channels last', () => {
  const fed = toOnnx(new Map([['x', map]]), { x: channelsLast }).get('x')
  expect(fed).toEqual({ shape: [2, 2, 2, 3], data: channelsFirst })
  expect(fromOnnx({ shape: [2, 2, 2, 3], data: channelsFirst }, map)).toEqual({
    shape: [2, 2, 3, 2],
    data: channelsLast,
  })
})

it('leaves vectors and shared values as they are', () => {
  const data = Float32Array.of(1, 2, 3, 4)
  const inputs = new Map<string, Type>([
    ['v', { kind: 'Vector', c: 2 }],
    ['s', { kind: 'Shared', shape: [2, 2] }],
  ])
  const fed = toOnnx(inputs, { v: data, s: data })
  expect(fed.get('v')).toEqual({ shape: [2, 2], data })
  expect(fed.get('s')).toEqual({ shape: [2, 2], data })
  expect(fromOnnx({ shape: [2, 2], data }, undefined)).toEqual({ shape: [2, 2], data })
})

it('refuses inputs of two batches', () => {
  const inputs = new Map<string, Type>([
    ['a', map],
    ['b', { kind: 'Vector', c: 2 }],
  ])
  expect(() => toOnnx(inputs, { a: channelsLast, b: new Float32Array(6) })).toThrow('batches of 2 and 3')
})
