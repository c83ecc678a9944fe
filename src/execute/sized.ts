import type { Pair } from '../../ir/index.ts'
import { type Grid, partOf, upTo } from './map-parts.ts'
import type { Model } from './model.ts'
import { type PredictedOutput, type Prediction, predictionOf, type ShapedOutput } from './prediction.ts'
import { type ImagesModel, imagesModel } from './whole-images.ts'

/** Opens a network for images of one height and width, on an executor where that is known. */
export type OpenAt = (size: Pair, like?: Pick<Model, 'executor'>) => Promise<Model>

/** What height and width are rounded up to; the border is repeated there, and cut off the answer. */
export interface Rounding {
  readonly multiple: number
  /** Whether to a square, too. Default false. */
  readonly square?: boolean
}

export interface SizedOptions extends Rounding {
  /** How many sizes stay open, those that were asked for last. Default 4. */
  readonly kept?: number | undefined
}

/** A model of one size, and how many predictions want it. */
interface Kept {
  readonly model: Promise<Model>
  users: number
  dropped: boolean
}

/** Models by size, the latest last; one that is dropped is freed once no one uses it. */
const keptModels = (openAt: (size: Pair) => Promise<Model>, kept: number) => {
  const models = new Map<string, Kept>()
  const freeWhenIdle = ({ model, users, dropped }: Kept): void => {
    if (!dropped || users > 0) return
    model.then(
      ({ dispose }) => dispose(),
      () => {},
    )
  }
  const drop = (key: string, each: Kept): void => {
    models.delete(key)
    each.dropped = true
    freeWhenIdle(each)
  }
  return {
    /** @throws what opening one does */
    use: async <A>(size: Pair, run: (model: Model) => Promise<A>): Promise<A> => {
      const key = size.join()
      const own = models.get(key) ?? { model: openAt(size), users: 0, dropped: false }
      models.delete(key)
      models.set(key, own)
      for (const [oldest, other] of models) if (models.size > kept) drop(oldest, other)
      own.users++
      try {
        return await run(await own.model)
      } catch (error) {
        if (models.get(key) === own) drop(key, own)
        throw error
      } finally {
        own.users--
        freeWhenIdle(own)
      }
    },
    close: (): void => {
      for (const [key, each] of models) drop(key, each)
    },
  }
}

/** A map without what answers the border that was repeated. */
const cut = (output: ShapedOutput, { data }: PredictedOutput, of: Pair, padded: Pair) => {
  const [h, w, c] = output.shape
  const size: Pair = [Math.ceil((of[0] * h) / padded[0]), Math.ceil((of[1] * w) / padded[1])]
  return { output: { ...output, shape: [...size, c] }, values: partOf({ h, w, c, data }, [0, 0], size) }
}

/** A network of open height and width for images of any: opened for each size that comes, and kept for those that come again. */
export const sizedModel = async (
  openAt: OpenAt,
  first: Pair,
  { multiple, square = false, kept = 4 }: SizedOptions,
): Promise<ImagesModel> => {
  const base = await openAt(first)
  const models = keptModels(size => openAt(size, base), kept)
  const answered = async (model: Model, grid: Grid, padded: Pair): Promise<Prediction> => {
    const of: Pair = [grid.h, grid.w]
    const prediction = await model.predict(partOf(grid, [0, 0], padded))
    if (padded.join() === of.join()) return prediction
    const answers = model.outputs.map(output => {
      const whole = prediction.outputs[output.name]
      return output.shape.length === 3 ? cut(output, whole, of, padded) : { output, values: whole.data }
    })
    const { stages, certainty } = prediction
    return predictionOf(
      { outputs: answers.map(({ values }) => values), stages, certainty, variants: [] },
      answers.map(({ output }) => output),
      [],
    )
  }
  const predictOne = (grid: Grid): Promise<Prediction> => {
    const [h, w] = [upTo(grid.h, multiple), upTo(grid.w, multiple)]
    const padded: Pair = square ? [Math.max(h, w), Math.max(h, w)] : [h, w]
    return padded.join() === first.join()
      ? answered(base, grid, padded)
      : models.use(padded, model => answered(model, grid, padded))
  }
  return imagesModel(base, predictOne, () => {
    models.close()
    base.dispose()
  })
}
