import { readFileSync } from 'node:fs'
import { expect } from 'vitest'
import type { Tensor } from '../../../ir/index.ts'
import type { Signature } from '../../../src/execute/signature.ts'
import { testImages as cifarImages } from '../../cifar-100.ts'
import { sharedPath } from '../../shared.ts'

export const modelBytes = (name: string): Uint8Array => readFileSync(sharedPath('models', `${name}.onnx`))

/** The files are channels first: to a runtime their images are maps of 3 rows. */
export const signature: Signature = {
  inputs: new Map([['input', { kind: 'Map', h: 3, w: 32, c: 32 }]]),
  outputs: ['logits'],
}

/** The values of CIFAR-100's test images from `first` on. */
export const testImages = (count: number, first = 0): Float32Array => cifarImages(count, 'nchw', first).data

/** The largest distance between two lists, relative to the largest of what is wanted. */
export const relativeDistance = (got: Tensor['data'] | readonly number[], wanted: readonly number[]): number => {
  expect(got).toHaveLength(wanted.length)
  const scale = Math.max(...wanted.map(Math.abs))
  return Math.max(...wanted.map((value, k) => Math.abs(value - got[k]))) / scale
}

/** Files that are no graphs: empty, noise, cut short, and whole but for flipped bytes. */
export const brokenModels = (bytes: Uint8Array): readonly (readonly [string, Uint8Array])[] => [
  ['nothing', new Uint8Array(0)],
  ['noise', Uint8Array.from({ length: 1000 }, (_, k) => (k * 167) % 251)],
  ['a file cut short', bytes.subarray(0, bytes.length >> 1)],
  ['a file with flipped bytes', bytes.map((byte, k) => (k % 1001 === 0 ? byte ^ 255 : byte))],
]
