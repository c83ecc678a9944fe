import { basename, dirname, resolve } from 'node:path'
import { either as E, function as F, taskEither as TE } from 'fp-ts'
import type { Graph, Pair, Problem, Tensor } from '../../../../ir/index.ts'
import { readText } from '../../../base/read-text.ts'
import { type Network, networkOf } from '../../network.ts'
import type { SaidOutput } from '../../said-outputs.ts'
import type { ImportProblem } from '../error.ts'
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

const importModel = (path: string, model: ModelJson, { size }: TfjsOptions) =>
  F.pipe(
    readWeights(path, dirname(path), model.weightsManifest ?? []),
    TE.flatMapEither(weights => {
      const { modelTopology: topology, signature, userDefinedMetadata } = model
      if (!Object.hasOwn(topology, 'node')) return importLayers(path, topology, weights, size)
      return F.pipe(
        signatureOf(path, [signature, userDefinedMetadata?.signature]),
        E.flatMap(named => importGraph(path, topology, named, weights, size)),
      )
    }),
  )

const nameOf = (path: string): string =>
  basename(path) === 'model.json' ? basename(dirname(resolve(path))) : basename(path, '.json')

/** What a TensorFlow.js model computes, as it says it: any outputs. See {@link importTfjs}. */
export const readTfjs = (
  path: string,
  options: TfjsOptions = {},
): TE.TaskEither<
  readonly ImportProblem[],
  { readonly graph: Graph; readonly parameters: ReadonlyMap<string, Tensor> }
> =>
  F.pipe(
    readText(path, 'the model.json of a TensorFlow.js model'),
    TE.mapLeft((unread): readonly ImportProblem[] => [unread]),
    TE.flatMapEither(text => parseModelJson(path, text)),
    TE.flatMap(model => importModel(path, model, options)),
  )

/**
 * Reads a TensorFlow.js model, of layers (Keras) or a graph (frozen TensorFlow), from its `model.json` and the shards
 * of weights in the same folder. The network is named after that folder, or after the file where that has another name.
 */
export const importTfjs = (path: string, options: TfjsOptions = {}): TE.TaskEither<readonly Problem[], Network> =>
  F.pipe(
    readTfjs(path, options),
    TE.flatMapEither(
      ({ graph, parameters }): E.Either<readonly Problem[], Network> =>
        networkOf(nameOf(path), graph, parameters, options.answers),
    ),
  )
