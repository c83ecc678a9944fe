import { describe, expect, it } from 'vitest'
import { tf } from '../../../../tensorflow-js.ts'
import { filesOf, imported, refused } from './folder.ts'
import { frozen, ints, node, weight } from './graph-artifacts.ts'

interface Stored {
  readonly bytes: Uint8Array
  readonly quantization: Readonly<Record<string, unknown>>
}

/** A graph whose only weights, `[3, 4]`, are stored in this way, with constants of other types around them. */
const artifactsOf = ({ bytes, quantization }: Stored) => {
  const nodes = [node('m', 'Mean', ['image', 'axes']), node('y', 'MatMul', ['m', 'w'])]
  const plain = frozen([2, 2, 3], { axes: ints(1, 2), w: weight([3, 4]) }, nodes)
  const [axes, w] = plain.weightSpecs ?? []
  const head = new Uint8Array(plain.weightData as ArrayBuffer).slice(0, 8)
  return {
    ...plain,
    weightSpecs: [axes, { ...w, quantization }] as NonNullable<typeof plain.weightSpecs>,
    weightData: new Uint8Array([...head, ...bytes]).buffer,
  }
}

const codes = Array.from({ length: 12 }, (_, at) => (at * 37) % 256)
const bytesOf = (data: { readonly buffer: ArrayBufferLike }): Uint8Array => new Uint8Array(data.buffer)

const stored: Readonly<Record<string, Stored>> = {
  uint8: { bytes: Uint8Array.from(codes), quantization: { dtype: 'uint8', scale: 0.0071, min: -0.87 } },
  uint16: {
    bytes: bytesOf(Uint16Array.from(codes, code => code * 251)),
    quantization: { dtype: 'uint16', scale: 0.00031, min: -1.5 },
  },
  float16: {
    bytes: bytesOf(Uint16Array.from(codes, (code, at) => 0x3000 + code * 16 + (at % 2) * 0x8000)),
    quantization: { dtype: 'float16' },
  },
}

describe('quantized weights are the numbers that TensorFlow.js reads', () => {
  for (const [name, one] of Object.entries(stored))
    it(name, async () => {
      const artifacts = artifactsOf(one)
      const model = await tf.loadGraphModel(tf.io.fromMemory(artifacts))
      const expected = (model.weights as Record<string, ReturnType<typeof tf.tensor>[]>).w[0].dataSync()
      const network = await imported(filesOf(artifacts))
      expect([...(network.parameters.get('w')?.data ?? [])]).toEqual([...expected])
      expect(new Set(expected).size).toBe(12)
    })
})

it('tensors of several shards, cut anywhere', async () => {
  const artifacts = artifactsOf(stored.uint16)
  const { 'weights.bin': bytes, 'model.json': text } = filesOf(artifacts)
  const json = JSON.parse(text as string)
  json.weightsManifest[0].paths = ['a', 'b', 'c']
  const [first, second] = [bytes.slice(0, 9), bytes.slice(9, 10)] as Uint8Array[]
  const files = { 'model.json': JSON.stringify(json), a: first, b: second, c: bytes.slice(10) }
  const whole = await imported(filesOf(artifacts))
  expect((await imported(files)).parameters.get('w')).toEqual(whole.parameters.get('w'))
})

it('quantization without its scale is refused, and of unknown kinds', async () => {
  const bytes = stored.uint8.bytes
  expect(await refused(filesOf(artifactsOf({ bytes, quantization: { dtype: 'uint8', min: 0 } })))).toBe(
    'FOLDER/model.json, weight w: saw uint8 without scale or min; expected both.',
  )
  expect(await refused(filesOf(artifactsOf({ bytes, quantization: { dtype: 'int4', min: 0, scale: 1 } })))).toMatch(
    /weight w: saw float32 stored as int4; expected float32 as uint8, uint16 or float16/,
  )
})
