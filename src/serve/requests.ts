import { timingSafeEqual } from 'node:crypto'
import type { Prediction } from '../execute/prediction.ts'
import { rankedClasses } from '../execute/ranking.ts'
import { isAnswer } from '../execute/score.ts'
import { unlessAborted } from './deadline.ts'
import { chooseOutputs, type GivenTensor, readInput, tensorOf } from './infer.ts'
import type { Parts } from './metrics.ts'
import type { NamedTensor } from './outputs.ts'
import { Refusal, refuse } from './refusal.ts'
import type { Took } from './served-model.ts'
import type { Service } from './service.ts'

/** Which model a request is for. */
export interface ModelReference {
  readonly name: string
  /** Default: the one that is served. */
  readonly version?: string
}

/** What tensors are asked of tensors. */
export interface InferRequest extends ModelReference {
  readonly inputs: readonly GivenTensor[]
  readonly outputs?: readonly string[]
}

export interface InferAnswer {
  readonly version: string
  readonly tensors: readonly NamedTensor[]
  readonly took: Took
}

/** Runs the images of a request with those of others. @throws Refusal where they do not fit; rejects with the signal’s reason */
export const infer = (
  { models, limits, metrics }: Pick<Service, 'models' | 'limits' | 'metrics'>,
  { name, version, inputs, outputs: asked }: InferRequest,
  signal: AbortSignal,
): Promise<InferAnswer> => {
  const served = models.find(name, version)
  return served.during(async () => {
    const outputs = chooseOutputs(asked, served.outputs)
    const images = readInput(inputs, served.input, limits.maxBatch)
    const [prediction, took] = await served.predict(images, signal)
    metrics.parts(name, { ...took })
    const tensors = outputs.map(output => tensorOf(output, prediction.n, output.of(prediction)))
    return { version: served.version, tensors, took }
  })
}

/** What people are told of an image. */
export interface ClassifyAnswer {
  readonly model_name: string
  readonly model_version: string
  /** The likeliest classes, the likeliest first. */
  readonly best: readonly { readonly label: string; readonly index: number; readonly score: number }[]
  readonly certainty: number
  readonly stage: number
}

const describeAnswer = (
  { classes, probabilities, certainty, stages }: Prediction,
  k: number,
  names?: readonly string[],
) => {
  if (!isAnswer(probabilities, 0, classes))
    throw new Refusal(422, 'image: the network gives scores that are no numbers; expected finite ones')
  const best = rankedClasses(probabilities, 0, classes, k, names)
  return {
    best: best.map(({ index, class: label = `class ${index}`, probability }) => ({ label, index, score: probability })),
    certainty: certainty[0],
    stage: stages[0],
  }
}

/** Decodes an image and says what it shows. @throws Refusal; rejects with the signal’s reason */
export const classify = (
  { models, decoder, metrics }: Pick<Service, 'models' | 'decoder' | 'metrics'>,
  { name, version }: ModelReference,
  encoded: Uint8Array,
  k: number,
  signal: AbortSignal,
): Promise<readonly [ClassifyAnswer, Parts]> => {
  const served = models.find(name, version)
  const [{ kind, name: output }] = served.model.outputs
  if (kind !== 'classes') throw refuse(400, `model ${name}, output ${output}`, kind, 'classes; infer gives all outputs')
  const { preprocess, classes } = served.model.meaning
  if (preprocess === undefined)
    throw refuse(
      400,
      `model ${name}`,
      'no preprocessing',
      'a model that says how images become its input: one compiled or served with --preprocess',
    )
  return served.during(async () => {
    const came = performance.now()
    const input = await unlessAborted(decoder.decode(encoded, preprocess), signal)
    const decode = performance.now() - came
    const [prediction, took] = await served.predict(input, signal)
    metrics.parts(name, { decode, ...took })
    const answer = { model_name: name, model_version: served.version, ...describeAnswer(prediction, k, classes) }
    return [answer, { decode, ...took }]
  })
}

/** Refuses who does not know the token, where there is one. @throws Refusal */
export const checkToken = (token: string | undefined, authorization: string | undefined): void => {
  if (token === undefined) return
  const [given, wanted] = [Buffer.from(authorization ?? ''), Buffer.from(`Bearer ${token}`)]
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted))
    throw new Refusal(401, 'authorization: expected the bearer token of this server')
}
