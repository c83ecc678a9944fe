import { readFileSync } from 'node:fs'
import type { ImageLayout } from '../src/lower/onnx/index.ts'
import { sharedPath } from './shared.ts'

const mean = [0.507, 0.4865, 0.4409]
const deviation = [0.2673, 0.2564, 0.2761]

/** Images of CIFAR-100's test set from `first` on, `[n, 32, 32, 3]` or `[n, 3, 32, 32]`, normalized as the networks of ../shared were trained. */
export const testImages = (count: number, layout: ImageLayout = 'nhwc', first = 0) => {
  const bytes = readFileSync(sharedPath('data', 'cifar-100-binary', 'test.bin'))
  const data = new Float32Array(count * 3072)
  for (let b = 0; b < count; b++)
    for (let i = 0; i < 3; i++)
      for (let p = 0; p < 1024; p++)
        data[layout === 'nhwc' ? (b * 1024 + p) * 3 + i : (b * 3 + i) * 1024 + p] =
          (bytes[(first + b) * 3074 + 2 + i * 1024 + p] / 255 - mean[i]) / deviation[i]
  return { shape: layout === 'nhwc' ? [count, 32, 32, 3] : [count, 3, 32, 32], data }
}

/** PyTorch's logits of the first images, one image after the other. */
export const oracleLogits = (name: string, count: number): readonly number[] =>
  JSON.parse(readFileSync(sharedPath('oracle', `${name}_logits16.json`), 'utf8'))
    .logits.slice(0, count)
    .flat()
