import { describe, expect, it } from 'vitest'
import { evaluate, type Tensor, tensor } from '../../../../ir/index.ts'
import { orThrow } from '../../../../src/base/error.ts'
import { initialize, zoo } from '../../../../src/network/zoo/index.ts'

/** Every block's second convolution gives zeros, so that a block is its shortcut; class k is channel k. */
const shortcutsOnly = (reference: string) => {
  const { graph } = orThrow(zoo(`${reference}?classes=64`, { size: [8, 8] }))
  const parameters = new Map(
    [...initialize(graph, 1)].map(([name, { shape, data }]): readonly [string, Tensor] => {
      if (name.endsWith('conv2.weight'))
        return [
          name,
          tensor(
            shape,
            data.map(() => 0),
          ),
        ]
      if (name === 'fc.weight')
        return [
          name,
          tensor(
            shape,
            data.map((_, at) => (at % 65 === 0 ? 1 : 0)),
          ),
        ]
      // Channel k of the stem is k times the pixel's first channel.
      if (name === 'conv1.weight')
        return [
          name,
          tensor(
            shape,
            data.map((_, at) => (Math.floor(at / 16) === 4 * 3 ? at % 16 : 0)),
          ),
        ]
      // The inverse of the square root, so that normalization is the identity.
      if (name.endsWith('running_var'))
        return [
          name,
          tensor(
            shape,
            data.map(() => 1 - 1e-5),
          ),
        ]
      return [name, { shape, data }]
    }),
  )
  return { graph, parameters }
}

describe('preact-resnet-8', () => {
  const pixels = Array.from({ length: 64 }, (_, p) => (p % 7) - 2)
  const image = tensor(
    [1, 8, 8, 3],
    Float32Array.from({ length: 192 }, (_, at) => pixels[Math.floor(at / 3)]),
  )

  it('passes the activated stem on, averaged over squares, between as many zero channels before as after', () => {
    const { graph, parameters } = shortcutsOnly('preact-resnet-8')
    const outputs = orThrow(evaluate(graph, { inputs: new Map([['image', image]]), parameters }))
    const logits = outputs.get('logits') as Tensor
    // Averages of averages over equal squares are the average of all.
    const active = pixels.reduce((sum, x) => sum + Math.max(x, 0), 0) / 64
    for (let c = 0; c < 64; c++) expect(logits.data[c]).toBeCloseTo(c >= 24 && c < 40 ? (c - 24) * active : 0, 4)
  })

  it('projects what is activated where its shortcuts are convolutions', () => {
    const { graph, parameters } = shortcutsOnly('preact-resnet-8-conv')
    const first = parameters.get('layer2.0.shortcut.weight') as Tensor
    const second = parameters.get('layer3.0.shortcut.weight') as Tensor
    const outputs = orThrow(evaluate(graph, { inputs: new Map([['image', image]]), parameters }))
    const logits = outputs.get('logits') as Tensor
    const relu = (x: number): number => Math.max(x, 0)
    const times = (x: readonly number[], { shape: [, , , o], data }: Tensor): readonly number[] =>
      Array.from({ length: o }, (_, to) => x.reduce((sum, value, from) => sum + value * data[from * o + to], 0))
    // Strides of 2, twice: every fourth pixel.
    const kept = pixels.filter((_, p) => p % 4 === 0 && Math.floor(p / 8) % 4 === 0)
    const expected = kept
      .map(pixel => Array.from({ length: 16 }, (_, k) => relu(k * pixel)))
      .map(stem => times(times(stem, first).map(relu), second).map(relu))
    expect(kept.length).toBe(4)
    for (let c = 0; c < 64; c++) expect(logits.data[c]).toBeCloseTo(expected.reduce((sum, x) => sum + x[c], 0) / 4, 3)
  })
})
