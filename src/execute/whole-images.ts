import { EspalierError } from '../../ir/index.ts'
import { sourceProblem } from '../base/error.ts'
import { imageType } from '../network/network.ts'
import { toldFacts } from './execution.ts'
import { readTensor, type TensorLike } from './inputs.ts'
import { withLive } from './live.ts'
import type { Grid } from './map-parts.ts'
import type { Model } from './model.ts'
import type { Prediction } from './prediction.ts'

/** A model for images of any height and width, one at a time; its graph is that of the first size that it was opened at, or of a tile. */
export interface ImagesModel
  extends Pick<
    Model,
    | 'network'
    | 'plan'
    | 'graph'
    | 'stages'
    | 'meaning'
    | 'outputs'
    | 'precision'
    | 'choice'
    | 'backend'
    | 'executor'
    | 'describe'
    | 'reason'
    | 'dispose'
  > {
  readonly anySize: true
  /** Answers of one image, a tensor `[1, h, w, c]` normalized as the network takes it. @throws EspalierError where it is none */
  readonly predict: (image: TensorLike) => Promise<Prediction>
  /** The same of images in turn. */
  readonly predictEach: (images: AsyncIterable<Float32Array | TensorLike>) => AsyncIterable<Prediction>
  /** Disposes of it, and waits until it is freed: `await using model = …`. */
  readonly [Symbol.asyncDispose]: () => Promise<void>
}

const gridOf = async (image: Float32Array | TensorLike, channels: number): Promise<Grid> => {
  const { shape, data } = await readTensor(image, `one image as a tensor [1, h, w, ${channels}]`)
  const [n, h, w, c] = shape
  if (shape.length === 4 && n === 1 && c === channels && h * w > 0 && data.length === h * w * c)
    return { h, w, c, data }
  throw new EspalierError([
    sourceProblem('wrong-size', 'predict', `a tensor [${shape}]`, `one image [1, h, w, ${channels}]`),
  ])
}

/** What answers one image at a time by `predictOne`; else it is what `model` is. */
export const imagesModel = (
  model: Model,
  predictOne: (image: Grid) => Promise<Prediction>,
  dispose: () => void,
): ImagesModel => {
  const predict = async (image: Float32Array | TensorLike): Promise<Prediction> =>
    predictOne(await gridOf(image, imageType(model).c))
  const { network, plan, graph, stages, meaning, outputs, precision, choice } = model
  const images: Omit<ImagesModel, (typeof toldFacts)[number]> = {
    ...{ network, plan, graph, stages, meaning, outputs, precision, choice, dispose, predict },
    anySize: true,
    predictEach: async function* (each) {
      for await (const image of each) yield await predict(image)
    },
    [Symbol.asyncDispose]: async () => {
      dispose()
      await model[Symbol.asyncDispose]()
    },
  }
  return withLive(images, () => model, toldFacts)
}
