import { EspalierError } from '../../ir/index.ts'
import { lifetime } from '../execute/lifetime.ts'
import type { Model } from '../execute/model.ts'
import type { Prediction } from '../execute/prediction.ts'
import { inputOf, type ServedOutput, servedOutputs, type TensorFacts } from './outputs.ts'

/** What a prediction took, in milliseconds. */
export interface Took {
  readonly queue: number
  readonly compute: number
}

/** One version of a model, open. */
export interface ServedModel {
  readonly name: string
  readonly version: string
  readonly model: Model
  readonly input: TensorFacts
  readonly outputs: readonly ServedOutput[]
  /** Keeps it open during some work, though it be retired meanwhile. */
  readonly during: <A>(work: () => Promise<A>) => Promise<A>
  /** Predicts in one batch with the images of others. Rejects with the signal’s reason. */
  readonly predict: (images: Float32Array, signal: AbortSignal) => Promise<readonly [Prediction, Took]>
  /** Frees it once nothing uses it. */
  readonly retire: () => Promise<void>
}

/** A model that joins predictions, as it is served. */
export const servedModel = (name: string, version: string, model: Model): ServedModel => {
  const { during, dispose, freed } = lifetime(`${name}, version ${version}`, model.dispose)
  return {
    name,
    version,
    model,
    input: inputOf(model),
    outputs: servedOutputs(model),
    during,
    predict: async (images, signal) => {
      const came = performance.now()
      let began = came
      const onStart = (): void => {
        began = performance.now()
      }
      const prediction = await model.predict(images, { signal, onStart })
      return [prediction, { queue: began - came, compute: performance.now() - began }]
    },
    retire: () => {
      dispose()
      return freed
    },
  }
}

/** Runs a model once on a blank image: what cannot answer is not served. @throws EspalierError */
export const tryOut = async ({ model, input }: Pick<ServedModel, 'model' | 'input'>): Promise<void> => {
  try {
    await model.predict(new Float32Array(input.shape.slice(1).reduce((a, b) => a * b, 1)))
  } catch (error) {
    model.dispose()
    throw error instanceof EspalierError ? error : new Error(`a blank image: ${(error as Error).message}`)
  }
}
