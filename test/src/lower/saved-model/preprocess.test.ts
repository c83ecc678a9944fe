import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Tensor } from '@tensorflow/tfjs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { lowerSavedModel } from '../../../../src/lower/saved-model/index.ts'
import { temporaryFolder } from '../../../temporary-folder.ts'
import { runtimeSeed } from '../agree.ts'
import { allPixels, arbitraryCase, type Case, levelsOff, showing } from '../preprocessing.ts'
import { absent, native } from './agree.ts'

const seenBy = async (given: Case): Promise<Float32Array> => {
  const { photos, preprocess } = given
  const folder = await temporaryFolder('preprocess')
  for (const [name, bytes] of lowerSavedModel(showing(preprocess), new Map(), { preprocess }))
    await writeFile(join(folder, name), bytes)
  const { tf, loadSavedModel } = native()
  const model = await loadSavedModel(folder)
  const [{ height, width }] = photos
  const seen = tf.tidy(() => {
    const image = tf.tensor(allPixels(given), [photos.length, height, width, 3], 'int32')
    const { twice } = model.predict({ image }) as Record<string, Tensor>
    return twice.dataSync() as Float32Array
  })
  model.dispose()
  return seen
}

describe('a SavedModel that preprocesses', () => {
  it('makes of pixels what the data pipeline does, but that it rounds once', async context => {
    context.skip(absent !== undefined, absent)
    await fc.assert(
      fc.asyncProperty(arbitraryCase, async given => {
        const [most, part] = levelsOff(given, await seenBy(given))
        expect(most).toBeLessThan(1.01)
        expect(part).toBeLessThan(0.5)
      }),
      { numRuns: 40, seed: runtimeSeed },
    )
  })
})
