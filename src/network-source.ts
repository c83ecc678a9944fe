import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { either as E, type taskEither as TE } from 'fp-ts'
import { decodeGraph, type Graph, type Problem, parse } from '../ir/index.ts'
import type { CompiledNetwork } from './compile.ts'
import { type Meaning, readCompiledFolder } from './compiled-folder.ts'
import { sourceProblem } from './error.ts'
import { importOnnx } from './import/onnx/index.ts'
import { importTfjs } from './import/tfjs/index.ts'
import { classifier, type Network } from './network.ts'
import { readSafetensorsFile, type Safetensors } from './weights/safetensors.ts'
import { type Architecture, classCountOfWeights, initialized, layoutOf, withWeights, zoo } from './zoo/index.ts'

/** What a `--network` reference names: a network, or one that is compiled already. */
export type Source =
  | {
      readonly kind: 'network'
      readonly network: Network
      readonly meaning: Meaning /** The seed of weights that nobody trained. */
      readonly initializedFrom?: number
    }
  | { readonly kind: 'compiled'; readonly compiled: CompiledNetwork; readonly meaning: Meaning }

export interface SourceOptions {
  /** A safetensors file, for a zoo network or a graph. */
  readonly weights?: string
  readonly seed?: number
  /** How many classes the data has, for a zoo network whose reference and weights do not say. */
  readonly dataClasses?: number
}

const forms = 'zoo:NAME, FILE.onnx, FOLDER/model.json, a compiled folder, or a graph as .txt or .json'

/** Gives an architecture its weights: trained ones from a file, or initial ones from the seed. */
const withValues = async (
  architecture: Architecture,
  tensors: Safetensors | null,
  seed: number,
): Promise<E.Either<readonly Problem[], Source>> => {
  if (tensors === null)
    return E.right({ kind: 'network', network: initialized(architecture, seed), meaning: {}, initializedFrom: seed })
  const network = withWeights(architecture, tensors.tensors, layoutOf(tensors.metadata))
  return E.isLeft(network) ? network : E.right({ kind: 'network', network: network.right, meaning: {} })
}

const readWeights = (path: string): Promise<E.Either<readonly Problem[], Safetensors>> => readSafetensorsFile(path)()

const openZoo = async (
  reference: string,
  { weights, seed = 0, dataClasses }: SourceOptions,
): Promise<E.Either<readonly Problem[], Source>> => {
  const loaded = weights === undefined ? E.right(null) : await readWeights(weights)
  if (E.isLeft(loaded)) return loaded
  const known = loaded.right === null ? undefined : classCountOfWeights(loaded.right.tensors)
  const classes = known ?? dataClasses
  const architecture = zoo(reference, classes === undefined ? {} : { classes })
  return E.isLeft(architecture) ? architecture : withValues(architecture.right, loaded.right, seed)
}

const readGraph = async (path: string): Promise<E.Either<readonly Problem[], Graph>> => {
  const text = await readFile(path, 'utf8')
  const graph = path.endsWith('.json') ? E.flatMap(decodeGraph)(parseJson(path, text)) : parse(text)
  return E.mapLeft((problems: readonly Problem[]) => problems.map(p => ({ ...p, where: `${path}, ${p.where}` })))(graph)
}

const parseJson = (path: string, text: string): E.Either<readonly Problem[], unknown> => {
  try {
    return E.right(JSON.parse(text))
  } catch (error) {
    return E.left([sourceProblem('malformed-file', path, (error as Error).message, 'JSON')])
  }
}

const openGraph = async (
  path: string,
  { weights, seed = 0 }: SourceOptions,
): Promise<E.Either<readonly Problem[], Source>> => {
  const graph = await readGraph(path)
  if (E.isLeft(graph)) return graph
  const checked = classifier(path, graph.right, new Map())
  if (E.isLeft(checked)) return checked
  const loaded = weights === undefined ? E.right(null) : await readWeights(weights)
  return E.isLeft(loaded) ? loaded : withValues(checked.right, loaded.right, seed)
}

const imported = (task: TE.TaskEither<readonly Problem[], Network>): Promise<E.Either<readonly Problem[], Source>> =>
  task().then(E.map((network): Source => ({ kind: 'network', network, meaning: {} })))

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  )

/** Opens what a `--network` reference names; nothing is read that the reference does not name. */
export const openSource =
  (reference: string, options: SourceOptions = {}): TE.TaskEither<readonly Problem[], Source> =>
  async () => {
    if (reference.startsWith('zoo:')) return openZoo(reference.slice('zoo:'.length), options)
    if (!(await exists(reference)))
      return E.left([sourceProblem('missing-file', reference, 'no such file or folder', forms)])
    if ((await stat(reference)).isDirectory()) {
      if (await exists(join(reference, 'manifest.json')))
        return E.map(
          ({ compiled, meaning }: { compiled: CompiledNetwork; meaning: Meaning }): Source => ({
            kind: 'compiled',
            compiled,
            meaning,
          }),
        )(await readCompiledFolder(reference)())
      if (await exists(join(reference, 'model.json'))) return imported(importTfjs(join(reference, 'model.json')))
      return E.left([
        sourceProblem('unknown-network-form', reference, 'a folder without manifest.json and model.json', forms),
      ])
    }
    if (reference.endsWith('.onnx')) return imported(importOnnx(reference))
    if (reference.endsWith('model.json')) return imported(importTfjs(reference))
    if (reference.endsWith('.json') || reference.endsWith('.txt')) return openGraph(reference, options)
    return E.left([sourceProblem('unknown-network-form', reference, 'a file of another kind', forms)])
  }
