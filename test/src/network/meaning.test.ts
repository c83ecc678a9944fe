import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import { builder, mapType } from '../../../ir/index.ts'
import type { Preprocess } from '../../../src/data/index.ts'
import { compile, createModel, createNetwork, parsePlan } from '../../../src/index.ts'
import { fitPreprocess } from '../../../src/network/meaning.ts'

/** Scores are sums over the image, times 1 and −1. */
const networkOf = (channels: number) => {
  const b = builder()
  const pooled = b.globalPool(b.input('image', mapType(2, 2, channels)))
  const data = Float32Array.from({ length: 2 * channels }, (_, i) => (i % 2 === 0 ? 1 : -1))
  const graph = b.finish({ logits: b.dense(pooled, b.parameter('w', [channels, 2])) })
  return createNetwork('sums', graph, new Map([['w', { shape: [channels, 2], data }]]))
}

const refusal = (channels: number, preprocess: Preprocess): string | undefined => {
  const fitted = fitPreprocess(networkOf(channels), preprocess, 'preprocess')
  return E.isLeft(fitted) ? `${fitted.left.seen}; ${fitted.left.expected}` : undefined
}

describe('preprocessing for a network', () => {
  it('makes images of one channel where it takes such', async () => {
    const meaning = { preprocess: { size: [2, 2], mean: [100] } } as const
    const opened = await createModel(compile(networkOf(1), parsePlan('vanilla'), { meaning }), { backend: 'cpu' })
    const [answer] = await opened.classify([{ data: new Uint8Array(12).fill(101), height: 2, width: 2 }])
    opened.dispose()
    expect(answer.probabilities[0]).toBeCloseTo(1 / (1 + Math.exp(-2)), 5)
  })

  it('is refused where it makes others', () => {
    const size = [2, 2] as const
    expect(refusal(1, { size, std: [1, 1, 1] })).toBe('std of 3 numbers; one number, for images of one channel')
    expect(refusal(3, { size, channels: 1 })).toBe(
      'images of 2 × 2 × 1; images of 2 × 2 × 3, as the network takes them',
    )
    expect(refusal(4, { size })).toBe('images of 2 × 2 × 3; images of 2 × 2 × 4, as the network takes them')
    expect(refusal(3, { size })).toBeUndefined()
  })
})
