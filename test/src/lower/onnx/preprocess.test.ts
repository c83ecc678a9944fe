import fc from 'fast-check'
import type * as Onnxruntime from 'onnxruntime-node'
import { describe, expect, it } from 'vitest'
import { type ImageLayout, lowerOnnx } from '../../../../src/lower/onnx/index.ts'
import { runtimeSeed } from '../agree.ts'
import { allPixels, arbitraryCase, type Case, levelsOff, showing } from '../preprocessing.ts'
import { absent } from './agree.ts'

/** Axes of `[n, h, w, c]` in the order of `[n, c, h, w]`, or back. */
const turned = <A extends Uint8Array | Float32Array>(data: A, n: number, inner: number, outer: number): A => {
  const out = data.slice() as A
  for (let k = 0; k < n; k++)
    for (let i = 0; i < inner; i++)
      for (let j = 0; j < outer; j++) out[(k * outer + j) * inner + i] = data[(k * inner + i) * outer + j]
  return out
}

const seenBy = async (ort: typeof Onnxruntime, given: Case, layout: ImageLayout): Promise<Float32Array> => {
  const { photos, preprocess } = given
  const bytes = lowerOnnx(showing(preprocess), new Map(), { layout, preprocess })
  const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 4, intraOpNumThreads: 1 })
  const [{ height, width }] = photos
  const n = photos.length
  const pixels = allPixels(given)
  const image =
    layout === 'nhwc'
      ? new ort.Tensor('uint8', pixels, [n, height, width, 3])
      : new ort.Tensor('uint8', turned(pixels, n, height * width, 3), [n, 3, height, width])
  const { twice } = await session.run({ image })
  await session.release()
  const data = twice.data as Float32Array
  const [h, w] = preprocess.size
  return layout === 'nhwc' ? data : turned(data, n, preprocess.channels ?? 3, h * w)
}

describe('an ONNX file that preprocesses', () => {
  it.skipIf(absent !== undefined)(`makes of pixels what the data pipeline does${absent ?? ''}`, async () => {
    const ort = await import('onnxruntime-node')
    const parts: number[] = []
    await fc.assert(
      fc.asyncProperty(arbitraryCase, fc.constantFrom('nhwc', 'nchw'), async (given, layout) => {
        const [most, part] = levelsOff(given, await seenBy(ort, given, layout))
        expect(most).toBeLessThan(1.01)
        parts.push(part)
      }),
      { numRuns: 60, seed: runtimeSeed },
    )
    expect(parts.reduce((sum, part) => sum + part, 0) / parts.length).toBeLessThan(0.05)
  })
})
