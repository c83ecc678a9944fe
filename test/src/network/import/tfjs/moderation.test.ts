import { readFileSync } from 'node:fs'
import { either as E } from 'fp-ts'
import { beforeAll, describe, expect, it } from 'vitest'
import { orThrow } from '../../../../../src/base/error.ts'
import { lower } from '../../../../../src/lower/tfjs/index.ts'
import { importTfjs } from '../../../../../src/network/import/tfjs/index.ts'
import { imageType } from '../../../../../src/network/network.ts'
import { openBackend } from '../../../../../src/runtime/backend.ts'
import { hasShared, sharedPath } from '../../../../shared.ts'
import { tf } from '../../../../tensorflow-js.ts'
import { probabilitiesOf } from './folder.ts'

type Answers = Readonly<Record<'plain' | 'flipped', readonly (readonly number[])[]>>

const side = 224

/** Images of the test set, each pixel seven times in both directions, 0 to 1; `flipped` mirrors them. */
const enlarged = (count: number, flipped: boolean): Float32Array => {
  const rows = readFileSync(sharedPath('data/cifar-100-binary/test.bin'))
  const images = new Float32Array(count * side * side * 3)
  for (let n = 0; n < count; n++)
    for (let y = 0; y < side; y++)
      for (let x = 0; x < side; x++)
        for (let c = 0; c < 3; c++) {
          const column = Math.floor((flipped ? side - 1 - x : x) / 7)
          const from = n * 3074 + 2 + c * 1024 + Math.floor(y / 7) * 32 + column
          images[((n * side + y) * side + x) * 3 + c] = rows[from] / 255
        }
  return images
}

beforeAll(async () => {
  if (E.isLeft(await openBackend('wasm'))) throw new Error('WebAssembly does not start')
})

describe.skipIf(!hasShared)('the real models give what TensorFlow computed (without ../shared there are none)', () => {
  for (const model of ['moderation_mobilenet_v2', 'moderation_mobilenet_v2_mid'])
    it(model, async () => {
      const oracle = JSON.parse(readFileSync(sharedPath('oracle/tfjs_moderation.json'), 'utf8'))[model] as Answers
      const network = orThrow(await importTfjs(sharedPath('models/tfjs', model, 'model.json'))())
      const executable = lower(tf, network.graph, network.parameters)
      for (const view of ['plain', 'flipped'] as const) {
        const { logits } = executable.run({ [imageType(network).name]: enlarged(8, view === 'flipped') })
        const seen = probabilitiesOf({ shape: logits.shape, data: (await logits.data()) as Float32Array })
        logits.dispose()
        oracle[view].flat().forEach((expected, i) => {
          expect(Math.abs(seen[i] - expected)).toBeLessThan(1e-3)
        })
        expect(seen.length).toBe(8 * 5)
      }
      executable.dispose()
    })
})
