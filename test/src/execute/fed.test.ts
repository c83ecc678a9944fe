import { expect, it } from 'vitest'
import type { Type } from '../../../ir/index.ts'
import { takeFed } from '../../../src/execute/fed.ts'

const inputs = new Map<string, Type>([
  ['map', { kind: 'Map', h: 2, w: 3, c: 2 }],
  ['vector', { kind: 'Vector', c: 2 }],
  ['shared', { kind: 'Shared', shape: [2, 2] }],
])

it('gives per-example values their batch, and shared ones none', () => {
  const [map, vector, shared] = [24, 4, 4].map(length => new Float32Array(length))
  expect(takeFed(inputs, { map, vector, shared })).toEqual(
    new Map([
      ['map', { shape: [2, 2, 3, 2], data: map }],
      ['vector', { shape: [2, 2], data: vector }],
      ['shared', { shape: [2, 2], data: shared }],
    ]),
  )
})

it('refuses two batch sizes, and all that does not fit at once', () => {
  const [map, vector, shared] = [24, 6, 4].map(length => new Float32Array(length))
  expect(() => takeFed(inputs, { map, vector, shared })).toThrow('batches of 2 and 3')
  expect(() => takeFed(inputs, { map, vector: new Float32Array(0), shared: new Float32Array(8) })).toThrow(
    /input vector[\s\S]*input shared/,
  )
  expect(() => takeFed(inputs, { map, vector })).toThrow('no value')
})
