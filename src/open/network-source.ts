import { basename, extname } from 'node:path'
import { either as E, function as F, type taskEither as TE } from 'fp-ts'
import { decodeGraph, type Graph, type Pair, type Problem, parse } from '../../ir/index.ts'
import { sourceProblem } from '../base/error.ts'
import { readText } from '../base/read-text.ts'
import { sealKey } from '../base/seal.ts'
import { readSealedJson } from '../base/sealed-json.ts'
import type { CompiledNetwork } from '../compile/compile.ts'
import type { Preprocess } from '../data/index.ts'
import { finiteWeights } from '../network/finite-weights.ts'
import { importOnnx } from '../network/import/onnx/index.ts'
import { importTfjs } from '../network/import/tfjs/index.ts'
import type { Meaning } from '../network/meaning.ts'
import { classifier, fromImageToVector, imageType, type Network } from '../network/network.ts'
import { readSafetensorsFile, type Safetensors } from '../network/weights/safetensors.ts'
import {
  type Architecture,
  checkDrawable,
  classCountOfWeights,
  initialized,
  layoutOf,
  withWeights,
  zoo,
} from '../network/zoo/index.ts'
import { type CompiledFolder, readCompiledFolder } from './compiled-folder.ts'
import { formOf } from './network-form.ts'

/** What a `--network` reference names: a network, or one that is compiled already. */
export type Source =
  | {
      readonly kind: 'network'
      readonly network: Network
      readonly meaning: Meaning
      /** The seed of weights that nobody trained. */
      readonly initializedFrom?: number
      /** What the file of its weights says of them. */
      readonly weightsMetadata?: ReadonlyMap<string, string>
    }
  | { readonly kind: 'compiled'; readonly compiled: CompiledNetwork; readonly meaning: Meaning }

/** A network that is not compiled. */
export type Uncompiled = Extract<Source, { readonly kind: 'network' }>

/** What a reference does not say of a network. */
export interface SourceOptions {
  /** A safetensors file, for a zoo network or a graph. */
  readonly weights?: string | undefined
  readonly seed?: number
  /** How many classes the data has, for a zoo network whose reference and weights do not say. */
  readonly dataClasses?: number | undefined
  /** Height and width of its images, for a network that leaves them open; one that does not must have these. */
  readonly size?: Pair | undefined
  /** How its images are made, which says their size where nothing else does. */
  readonly preprocess?: Pick<Preprocess, 'size'> | undefined
}

const zooScheme = 'zoo:'

/** Gives an architecture its weights: trained ones from a file, or initial ones from the seed. */
const withValues = (
  architecture: Architecture,
  tensors: Safetensors | null,
  seed: number,
): E.Either<readonly Problem[], Uncompiled> => {
  if (tensors === null)
    return E.map(
      (drawable: Architecture): Uncompiled => ({
        kind: 'network',
        network: initialized(drawable, seed),
        meaning: {},
        initializedFrom: seed,
      }),
    )(checkDrawable(architecture))
  const { metadata } = tensors
  return E.map(
    (network: Network): Uncompiled => ({ kind: 'network', network, meaning: {}, weightsMetadata: metadata }),
  )(withWeights(architecture, tensors.tensors, layoutOf(metadata)))
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

const within =
  (path: string) =>
  (problems: readonly Problem[]): readonly Problem[] =>
    problems.map(p => ({ ...p, where: `${path}, ${p.where}` }))

const readTextGraph = async (path: string): Promise<E.Either<readonly Problem[], Graph>> => {
  const text = await readText(path)()
  return E.isLeft(text) ? E.left([text.left]) : E.mapLeft(within(path))(parse(text.right))
}

const readJsonGraph = async (path: string): Promise<E.Either<readonly Problem[], Graph>> => {
  const json = await readSealedJson(path, `where it was changed by hand, take ${sealKey} out`)()
  return E.isLeft(json) ? json : E.mapLeft(within(path))(decodeGraph(json.right))
}

const openGraph = async (
  path: string,
  read: (path: string) => Promise<E.Either<readonly Problem[], Graph>>,
  { weights, seed = 0 }: SourceOptions,
): Promise<E.Either<readonly Problem[], Source>> => {
  const graph = await read(path)
  if (E.isLeft(graph)) return graph
  const name = basename(path, extname(path))
  const checked = fromImageToVector(name, graph.right)
  if (E.isLeft(checked)) return checked
  const loaded = weights === undefined ? E.right(null) : await readWeights(weights)
  if (E.isLeft(loaded)) return loaded
  const source = withValues({ name, graph: graph.right }, loaded.right, seed)
  if (E.isLeft(source)) return source
  const network = classifier(name, graph.right, source.right.network.parameters)
  return E.map((network: Network): Source => ({ ...source.right, network }))(network)
}

const imported = async (
  task: TE.TaskEither<readonly Problem[], Network>,
): Promise<E.Either<readonly Problem[], Source>> =>
  E.map((network: Network): Source => ({ kind: 'network', network, meaning: {} }))(await task())

const openCompiled = async (folder: string): Promise<E.Either<readonly Problem[], Source>> =>
  E.map((opened: CompiledFolder): Source => ({ kind: 'compiled', ...opened }))(await readCompiledFolder(folder)())

/** For a zoo name without its scheme. */
const zooHint = (path: string): string | undefined => (E.isRight(zoo(path)) ? `zoo:${path}` : undefined)

const open = async (reference: string, options: SourceOptions): Promise<E.Either<readonly Problem[], Source>> => {
  if (reference.startsWith(zooScheme)) return openZoo(reference.slice(zooScheme.length), options)
  const found = await formOf(reference, zooHint(reference))
  if (E.isLeft(found)) return found
  const { form, file } = found.right
  if (form === 'graph-json') return openGraph(file, readJsonGraph, options)
  if (form === 'graph-text') return openGraph(file, readTextGraph, options)
  if (options.weights !== undefined)
    return E.left([
      sourceProblem(
        'bad-input',
        reference,
        `other weights, ${options.weights}`,
        'a zoo network or a graph, for this one has its own',
      ),
    ])
  const size = options.size ?? options.preprocess?.size
  switch (form) {
    case 'compiled':
      return openCompiled(file)
    case 'onnx':
      return imported(importOnnx(file, size === undefined ? {} : { size }))
    case 'tfjs':
      return imported(importTfjs(file, size === undefined ? {} : { size }))
  }
}

/** Refuses a network that takes images of another size than was asked for. */
const checkSize =
  (reference: string, size: Pair | undefined) =>
  (source: Source): E.Either<readonly Problem[], Source> => {
    const { h, w } = imageType(source.kind === 'network' ? source.network : source.compiled)
    if (size === undefined || (size[0] === h && size[1] === w)) return E.right(source)
    const seen = `${size.join(' × ')} as the size of its images`
    return E.left([sourceProblem('wrong-size', reference, seen, `${h} × ${w}, as the network has them fixed`)])
  }

/** A source with numbers for weights, and a note on those that are none. */
const withNumbers =
  (reference: string) =>
  (source: Source): E.Either<readonly Problem[], Source> => {
    if (source.kind === 'compiled') return E.map((): Source => source)(finiteWeights(source.compiled, reference))
    const { network } = source
    return E.map((more: readonly string[]): Source => {
      const notes = [...(network.notes ?? []), ...more]
      return notes.length === 0 ? source : { ...source, network: { ...network, notes } }
    })(finiteWeights(network, reference))
  }

/** Opens what a `--network` reference names; nothing is read that the reference does not name. */
export const openSource =
  (reference: string, options: SourceOptions = {}): TE.TaskEither<readonly Problem[], Source> =>
  async () =>
    F.pipe(
      await open(reference, options),
      E.flatMap(checkSize(reference, options.size)),
      E.flatMap(withNumbers(reference)),
    )
