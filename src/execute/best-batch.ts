import type { CompiledNetwork } from '../compile/compile.ts'
import { imageType } from '../network/network.ts'
import type { Model } from './model.ts'

const candidates = [1, 4, 16, 32, 64, 128, 256]
/** Larger batches are not tried once this much time is spent. */
const budgetMilliseconds = 4000
/** A larger batch must be this much faster an image to be worth its memory and latency. */
const gain = 1.03

/** The batch size with the most images a second on blank images, found in a few seconds. */
export const bestBatch = async (runner: Model, compiled: CompiledNetwork): Promise<number> => {
  const { h, w, c } = imageType(compiled)
  const begun = performance.now()
  let best = { batch: 1, rate: 0 }
  for (const batch of candidates) {
    const images = new Float32Array(batch * h * w * c)
    await runner.predict(images)
    const started = performance.now()
    await runner.predict(images)
    const milliseconds = performance.now() - started
    const rate = batch / milliseconds
    if (rate > best.rate * gain) best = { batch, rate }
    // The next candidate takes up to four times as long, twice.
    if (performance.now() - begun + 8 * milliseconds > budgetMilliseconds) break
  }
  return best.batch
}
