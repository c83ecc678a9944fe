import { basename, dirname, resolve } from 'node:path'
import { either as E, function as F, taskEither as TE } from 'fp-ts'
import type { Pair, Problem, Tensor } from '../../../../ir/index.ts'
import { readText } from '../../../base/read-text.ts'
import { type Network, networkOf } from '../../network.ts'
import type { SaidOutput } from '../../said-outputs.ts'
import type { ImportProblem } from '../error.ts'
import type { Finished } from './finish.ts'
import { importGraph, signatureOf } from './graph/index.ts'
import { importLayers } from './layers/index.ts'
import { type ModelJson, parseModelJson } from './model-json.ts'
import { readWeights } from './weights.ts'

export interface TfjsOptions {
  /** Height and width of the images, for a model that leaves them open. */
  readonly size?: Pair | undefined
  /** What its outputs are, where it does not show. */
  readonly answers?: readonly SaidOutput[] | undefined
}

/** A TensorFlow.js model as it was read, to be translated at any size that it leaves open. */
export interface TfjsFile {
  readonly path: string
  readonly model: ModelJson
  readonly weights: ReadonlyMap<string, Tensor>
}

/** Reads a `model.json`, and the shards of weights in the same folder. */
export const readTfjsFile = (path: string): TE.TaskEither<readonly ImportProblem[], TfjsFile> =>
  F.pipe(
    readText(path, 'the model.json of a TensorFlow.js model'),
    TE.mapLeft((unread): readonly ImportProblem[] => [unread]),
    TE.flatMapEither(text => parseModelJson(path, text)),
    TE.flatMap(model =>
      F.pipe(
        readWeights(path, dirname(path), model.weightsManifest ?? []),
        TE.map(weights => ({ path, model, weights })),
      ),
    ),
  )

const translated = (
  { path, model: { modelTopology: topology, signature, userDefinedMetadata }, weights }: TfjsFile,
  { size }: TfjsOptions,
) => {
  if (!Object.hasOwn(topology, 'node')) return importLayers(path, topology, weights, size)
  return F.pipe(
    signatureOf(path, [signature, userDefinedMetadata?.signature]),
    E.flatMap(named => importGraph(path, topology, named, weights, size)),
  )
}

const nameOf = (path: string): string =>
  basename(path) === 'model.json' ? basename(dirname(resolve(path))) : basename(path, '.json')

/** What a TensorFlow.js model computes, as it says it: any outputs. See {@link importTfjs}. */
export const readTfjs = (path: string, options: TfjsOptions = {}): TE.TaskEither<readonly ImportProblem[], Finished> =>
  F.pipe(
    readTfjsFile(path),
    TE.flatMapEither(file => translated(file, options)),
  )

/** The network of a model that was read. See {@link importTfjs}. */
export const tfjsNetwork = (file: TfjsFile, options: TfjsOptions = {}): E.Either<readonly Problem[], Network> =>
  F.pipe(
    translated(file, options),
    E.flatMap(
      ({ graph, parameters, fixed, argmax }): E.Either<readonly Problem[], Network> =>
        F.pipe(
          networkOf(nameOf(file.path), graph, parameters, { answers: options.answers, argmax }),
          E.map(network => (fixed.size === 0 ? network : { ...network, fixed })),
        ),
    ),
  )

/**
 * Reads a TensorFlow.js model, of layers (Keras) or a graph (frozen TensorFlow), from its `model.json` and the shards
 * of weights in the same folder. The network is named after that folder, or after the file where that has another name.
 */
export const importTfjs = (path: string, options: TfjsOptions = {}): TE.TaskEither<readonly Problem[], Network> =>
  F.pipe(
    readTfjsFile(path),
    TE.flatMapEither(file => tfjsNetwork(file, options)),
  )
