import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { either as E } from 'fp-ts'
import * as t from 'io-ts'
import { decodeErrors, EspalierError, type Tensor } from '../../../ir/index.ts'
import { cannotWrite, orThrow, orThrowAsync, sourceProblem } from '../../base/error.ts'
import { makeFolder } from '../../base/make-folder.ts'
import { replaceFile } from '../../base/replace-file.ts'
import { readSealedJson, sealedJson } from '../../base/sealed-json.ts'
import type { Network } from '../../network/network.ts'
import { encodeSealedSafetensors, readSafetensors, readSafetensorsFile } from '../../network/weights/safetensors.ts'
import { sha256 } from '../../open/manifest.ts'
import { hasCheckpoint, readCheckpoint } from '../../train/checkpoint.ts'
import { errorsMetadata, type Origin, weightsMetadata } from '../../train/weights-metadata.ts'

const files = {
  what: 'run.json',
  weights: 'trained.safetensors',
  trained: 'trained.json',
  failed: 'failed.json',
  spent: 'spent.json',
} as const

/** What a training came to, beside its weights. */
const TrainingFacts = t.strict({
  steps: t.number,
  epochs: t.number,
  loss: t.union([t.number, t.null]),
  /** Of training itself, over all calls that it took. */
  seconds: t.number,
  backend: t.string,
  executor: t.string,
})
export type TrainingFacts = t.TypeOf<typeof TrainingFacts>

const Failure = t.strict({ reason: t.string })
const Spent = t.strict({ seconds: t.number })

/** Wrong answers of a trained network, by the plan that it was run under. */
const Evaluated = t.strict({ images: t.number, seconds: t.number, wrong: t.record(t.string, t.number) })
export type Evaluated = t.TypeOf<typeof Evaluated>

/** How far a training has come; epochs count from 1. */
export type TrainingStatus =
  | { readonly status: 'pending' }
  | { readonly status: 'training'; readonly epoch: number; readonly steps: number }
  | { readonly status: 'trained' }
  | { readonly status: 'done' }
  | { readonly status: 'failed'; readonly reason: string }

/** What is on disk of one training. */
export interface TrainingFolder {
  readonly path: string
  /** Where its checkpoints go. */
  readonly checkpoints: string
  readonly facts: TrainingFacts | undefined
  readonly failure: string | undefined
  /** Seconds of training that was interrupted. */
  readonly spent: number
}

const readAs = async <A>(path: string, codec: t.Type<A>): Promise<A | undefined> => {
  const json = await readSealedJson(path, `delete ${path}`)()
  if (E.isLeft(json)) {
    if (json.left.every(({ tag }) => tag === 'missing-file')) return undefined
    return orThrow(json) as never
  }
  const wrong = (errors: t.Errors) =>
    decodeErrors(errors).map(e =>
      sourceProblem('malformed-file', `${path}, ${e.path}`, e.seen, e.expected, `delete ${path}`),
    )
  return orThrow(E.mapLeft(wrong)(codec.decode(json.right)))
}

const replace = (path: string, bytes: Uint8Array): Promise<void> =>
  replaceFile(path, bytes).catch(error => {
    throw cannotWrite(path, error)
  })

/** Writes JSON whole or not at all. @throws EspalierError where it cannot be written */
export const writeJson = (path: string, value: unknown): Promise<void> =>
  replace(path, Buffer.from(`${JSON.stringify(value, null, 1)}\n`))

/** {@link writeJson} for what a sweep reads again itself. */
const writeOwn = (path: string, value: object): Promise<void> => replace(path, sealedJson(value))

/** A short name for what determines something: equal for equal JSON. */
export const keyOf = (what: object): string => sha256(Buffer.from(JSON.stringify(what))).slice(0, 12)

/** Where a training lies under `--out`: a name to read, and the key of all that determines it. */
export const trainingPath = (out: string, name: string, seed: number, what: object): string =>
  join(out, 'runs', `${name.replaceAll(/[^\w.-]+/g, '_')}-seed${seed}-${keyOf(what)}`)

/** What is on disk of a training. @throws EspalierError where files were changed by another hand */
export const readTrainingFolder = async (path: string): Promise<TrainingFolder> => ({
  path,
  checkpoints: join(path, 'checkpoints'),
  facts: await readAs(join(path, files.trained), TrainingFacts),
  failure: (await readAs(join(path, files.failed), Failure))?.reason,
  spent: (await readAs(join(path, files.spent), Spent))?.seconds ?? 0,
})

/** Makes the folder of a training with a note of what it is, and forgets an earlier failure. */
export const beginTraining = async ({ path }: TrainingFolder, what: object): Promise<void> => {
  await makeFolder(path).catch(error => {
    throw cannotWrite(path, error)
  })
  await writeOwn(join(path, files.what), what)
  await rm(join(path, files.failed), { force: true })
}

export const writeFailure = ({ path }: TrainingFolder, reason: string): Promise<void> =>
  writeOwn(join(path, files.failed), { reason })

export const writeSpent = ({ path }: TrainingFolder, seconds: number): Promise<void> =>
  writeOwn(join(path, files.spent), { seconds })

/** Keeps a trained network, whose weights say how they came to be: the weights first, so that the facts are there only where they are. */
export const writeTrained = async (
  { path }: TrainingFolder,
  parameters: ReadonlyMap<string, Tensor>,
  origin: Origin,
  facts: TrainingFacts,
): Promise<void> => {
  const weights = join(path, files.weights)
  await replace(weights, encodeSealedSafetensors(parameters, weightsMetadata(origin)))
  await writeOwn(join(path, files.trained), facts)
}

/** The network with the values that training gave it. @throws EspalierError where the file is damaged */
export const readTrainedNetwork = async ({ path }: TrainingFolder, network: Network): Promise<Network> => {
  const parameters = await orThrowAsync(readSafetensors(join(path, files.weights)))
  return { ...network, parameters }
}

/** Has the weights of a trained network say how it errs on data; what else they say stays. */
export const writeErrors = async ({ path }: TrainingFolder, data: string, evaluated: Evaluated): Promise<void> => {
  const weights = join(path, files.weights)
  const { tensors, metadata } = await orThrowAsync(readSafetensorsFile(weights))
  await replace(weights, encodeSealedSafetensors(tensors, new Map([...metadata, ...errorsMetadata(data, evaluated)])))
}

const evaluationFile = ({ path }: TrainingFolder, on: object): string => join(path, `evaluation-${keyOf(on)}.json`)

/** What was evaluated of a trained network; `on` is all that determines it beside the network. */
export const readEvaluation = (folder: TrainingFolder, on: object): Promise<Evaluated | undefined> =>
  readAs(evaluationFile(folder, on), Evaluated)

export const writeEvaluation = (folder: TrainingFolder, on: object, evaluated: Evaluated): Promise<void> =>
  writeOwn(evaluationFile(folder, on), { on, ...evaluated })

/** How far a training has come; `evaluated`: whether all that is asked of it is. */
export const statusOf = async (
  { checkpoints, facts, failure }: TrainingFolder,
  evaluated: boolean,
): Promise<TrainingStatus> => {
  if (facts !== undefined && evaluated) return { status: 'done' }
  if (failure !== undefined) return { status: 'failed', reason: failure }
  if (facts !== undefined) return { status: 'trained' }
  if (!(await hasCheckpoint(checkpoints))) return { status: 'pending' }
  try {
    const { epoch, steps } = (await readCheckpoint(checkpoints)).progress
    return { status: 'training', epoch: epoch + 1, steps }
  } catch (error) {
    if (error instanceof EspalierError) return { status: 'failed', reason: error.message }
    throw error
  }
}

/** Other JSON of a sweep, kept under the key of what determines it. */
export const readKept = <A>(out: string, name: string, of: object, codec: t.Type<A>): Promise<A | undefined> =>
  readAs(join(out, `${name}-${keyOf(of)}.json`), codec)

export const writeKept = (out: string, name: string, of: object, value: object): Promise<void> =>
  writeOwn(join(out, `${name}-${keyOf(of)}.json`), value)
