import { basename, extname } from 'node:path'
import { either as E } from 'fp-ts'
import { decodeGraph, EspalierError, type Graph, type Pair, type Problem, parse } from '../../ir/index.ts'
import { orThrow, orThrowAsync, sourceProblem } from '../base/error.ts'
import { readText } from '../base/read-text.ts'
import { sealKey } from '../base/seal.ts'
import { readSealedJson } from '../base/sealed-json.ts'
import type { CompiledNetwork } from '../compile/compile.ts'
import type { Preprocess } from '../data/index.ts'
import { meaningInMetadata, metadataKey } from '../network/exported-facts.ts'
import { finiteWeights } from '../network/finite-weights.ts'
import type { Meaning } from '../network/meaning.ts'
import { fromImage, imageType, type Network, networkOf } from '../network/network.ts'
import { parseAnswers, type SaidOutput } from '../network/said-outputs.ts'
import { meaningByUltralytics } from '../network/ultralytics.ts'
import { fixedIn } from '../network/weights/fixed-parameters.ts'
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
import { readCompiledFolder } from './compiled-folder.ts'
import { checkWeightsFile, formOf } from './network-form.ts'

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
  /** A safetensors file: those of a zoo network or a graph, or in place of a file’s own. */
  readonly weights?: string | undefined
  readonly seed?: number
  /** How many classes the data has, for a zoo network whose reference and weights do not say. */
  readonly dataClasses?: number | undefined
  /** Height and width of its images, for a network that leaves them open; one that does not must have these. */
  readonly size?: Pair | undefined
  /** How its images are made, which says their size where nothing else does. */
  readonly preprocess?: Pick<Preprocess, 'size'> | undefined
  /** What its outputs are, where its file does not show: `labels`, `mask=map-classes,age=values:median`. */
  readonly answers?: string | undefined
}

/** @throws EspalierError */
export const saidOutputs = (answers: string | undefined): readonly SaidOutput[] =>
  answers === undefined ? [] : orThrow(parseAnswers(answers))

const zooScheme = 'zoo:'

/** Gives an architecture its weights: trained ones from a file, or initial ones from the seed. @throws EspalierError */
const withValues = (architecture: Architecture, tensors: Safetensors | undefined, seed: number): Uncompiled => {
  if (tensors === undefined) {
    const network = initialized(orThrow(checkDrawable(architecture)), seed)
    return { kind: 'network', network, meaning: {}, initializedFrom: seed }
  }
  const { metadata } = tensors
  const network = orThrow(withWeights(architecture, tensors.tensors, layoutOf(metadata)))
  const fixed = fixedIn(metadata)
  return {
    kind: 'network',
    network: fixed.size === 0 ? network : { ...network, fixed },
    meaning: {},
    weightsMetadata: metadata,
  }
}

const readWeights = async (path: string | undefined): Promise<Safetensors | undefined> => {
  if (path === undefined) return undefined
  await checkWeightsFile(path)
  return orThrowAsync(readSafetensorsFile(path))
}

const weightsOption = 'weights='

/** A zoo reference without the weights that it names (`NAME?weights=FILE`), and these. @throws EspalierError where it names several */
export const splitWeights = (reference: string): { readonly reference: string; readonly weights?: string } => {
  const [name, ...query] = reference.split('?')
  const options = query.join('?').split('&')
  const named = options.filter(option => option.startsWith(weightsOption))
  if (named.length === 0) return { reference }
  if (named.length > 1)
    throw new EspalierError([sourceProblem('bad-input', reference, named.join(' and '), 'one file of weights')])
  const others = options.filter(option => !named.includes(option)).join('&')
  return { reference: others === '' ? name : `${name}?${others}`, weights: named[0].slice(weightsOption.length) }
}

const openZoo = async (given: string, { weights, seed = 0, dataClasses }: SourceOptions): Promise<Source> => {
  const { reference, weights: own } = splitWeights(given)
  if (own !== undefined && weights !== undefined)
    throw new EspalierError([sourceProblem('bad-input', given, `other weights, ${weights}`, 'weights named once')])
  const loaded = await readWeights(own ?? weights)
  const classes = (loaded && classCountOfWeights(loaded.tensors)) ?? dataClasses
  return withValues(orThrow(zoo(reference, { classes })), loaded, seed)
}

const within =
  (path: string) =>
  (problems: readonly Problem[]): readonly Problem[] =>
    problems.map(p => ({ ...p, where: `${path}, ${p.where}` }))

const readTextGraph = async (path: string): Promise<Graph> =>
  orThrow(E.mapLeft(within(path))(parse(await orThrowAsync(readText(path)))))

const readJsonGraph = async (path: string): Promise<Graph> => {
  const json = await orThrowAsync(readSealedJson(path, `where it was changed by hand, take ${sealKey} out`))
  return orThrow(E.mapLeft(within(path))(decodeGraph(json)))
}

const openGraph = async (
  path: string,
  given: Graph,
  { weights, answers, seed = 0 }: SourceOptions,
): Promise<Source> => {
  const name = basename(path, extname(path))
  const graph = orThrow(fromImage(name, given))
  const source = withValues({ name, graph }, await readWeights(weights), seed)
  const { parameters, fixed } = source.network
  const network = orThrow(networkOf(name, graph, parameters, { answers: saidOutputs(answers) }))
  return { ...source, network: fixed === undefined ? network : { ...network, fixed } }
}

/** What a file that was compiled already is taken for. */
const compiledNote = (plan: string | undefined): readonly string[] =>
  plan === undefined || plan === 'vanilla'
    ? []
    : [`It was exported under the plan ${plan}, which is part of it now: another plan comes on top.`]

const ultralyticsNote = 'Images are fed as Ultralytics feeds its classifiers, whose file it is: from 0 to 1.'

/** A network of a file, and what this says of its images and answers. @throws EspalierError */
const imported = (file: string, read: E.Either<readonly Problem[], Network>): Uncompiled => {
  const network = orThrow(read)
  const { metadata = new Map() } = network
  const byUltralytics = meaningByUltralytics(network, metadata)
  const notes = [
    ...(network.notes ?? []),
    ...compiledNote(metadata.get(metadataKey('plan'))),
    ...(byUltralytics.preprocess === undefined ? [] : [ultralyticsNote]),
  ]
  return {
    kind: 'network',
    network: notes.length === 0 ? network : { ...network, notes },
    meaning: { ...byUltralytics, ...orThrow(meaningInMetadata(metadata, file)) },
  }
}

/** A network with weights of another file in place of its own, under the same names: what it came to in training. @throws EspalierError where they are not its */
const withOtherWeights = (source: Uncompiled, other: Safetensors | undefined): Uncompiled => {
  if (other === undefined) return source
  const { network } = source
  const { parameters } = orThrow(withWeights(network, other.tensors, layoutOf(other.metadata)))
  const fixed = fixedIn(other.metadata)
  return {
    ...source,
    network: { ...network, parameters, ...(fixed.size === 0 ? {} : { fixed }) },
    weightsMetadata: other.metadata,
  }
}

const answersKnown = (reference: string, answers: string): EspalierError =>
  new EspalierError([
    sourceProblem('bad-input', reference, `--answers ${answers}`, 'none, for what its outputs are is known'),
  ])

/** For a zoo name without its scheme. */
const zooHint = (path: string): string | undefined => (E.isRight(zoo(path)) ? `zoo:${path}` : undefined)

/** A source of fixed height and width, or one for each that is asked for. */
type Opened = (size: Pair | undefined) => Source

const open = async (reference: string, options: Omit<SourceOptions, 'size'>): Promise<Opened> => {
  const fixed =
    (source: Source): Opened =>
    () =>
      source
  if (reference.startsWith(zooScheme) && options.answers !== undefined) throw answersKnown(reference, options.answers)
  if (reference.startsWith(zooScheme)) return fixed(await openZoo(reference.slice(zooScheme.length), options))
  const { form, file } = await formOf(reference, zooHint(reference))
  if (options.answers !== undefined && form === 'compiled') throw answersKnown(reference, options.answers)
  if (form === 'graph-json') return fixed(await openGraph(file, await readJsonGraph(file), options))
  if (form === 'graph-text') return fixed(await openGraph(file, await readTextGraph(file), options))
  if (form === 'compiled' && options.weights !== undefined)
    throw new EspalierError([
      sourceProblem(
        'bad-input',
        reference,
        `other weights, ${options.weights}`,
        'a network that is not compiled, for this one has its own',
      ),
    ])
  const answers = saidOutputs(options.answers)
  const weights = await readWeights(options.weights)
  switch (form) {
    case 'compiled':
      return fixed({ kind: 'compiled', ...(await readCompiledFolder(file)) })
    case 'onnx': {
      const { onnxNetwork, readOnnxFile } = await import('../network/import/onnx/index.ts')
      const read = await orThrowAsync(readOnnxFile(file))
      return size => withOtherWeights(imported(file, onnxNetwork(read, { size, answers })), weights)
    }
    case 'tfjs': {
      const { readTfjsFile, tfjsNetwork } = await import('../network/import/tfjs/index.ts')
      const read = await orThrowAsync(readTfjsFile(file))
      return size => withOtherWeights(imported(file, tfjsNetwork(read, { size, answers })), weights)
    }
  }
}

/** Refuses a network that takes images of another size than was asked for. */
const checkSize = (reference: string, size: Pair | undefined, source: Source): void => {
  const { h, w } = imageType(source.kind === 'network' ? source.network : source.compiled)
  if (size === undefined || (size[0] === h && size[1] === w)) return
  const seen = `${size.join(' × ')} as the size of its images`
  throw new EspalierError([sourceProblem('wrong-size', reference, seen, `${h} × ${w}, as the network has them fixed`)])
}

/** A source with numbers for weights, and a note on those that are none. */
const withNumbers = (reference: string, source: Source): Source => {
  const more = orThrow(finiteWeights(source.kind === 'compiled' ? source.compiled : source.network, reference))
  if (source.kind === 'compiled') return source
  const { network } = source
  const notes = [...(network.notes ?? []), ...more]
  return notes.length === 0 ? source : { ...source, network: { ...network, notes } }
}

/** What a `--network` reference names, read once: a source at the size that is asked for, else at that of the preprocessing. */
export type SourceAt = (size?: Pair) => Source

/** Reads what a `--network` reference names; nothing is read that the reference does not name. @throws EspalierError, where it is opened too */
export const readSource = async (reference: string, options: Omit<SourceOptions, 'size'> = {}): Promise<SourceAt> => {
  const opened = await open(reference, options)
  return size => {
    const source = opened(size ?? options.preprocess?.size)
    checkSize(reference, size, source)
    return withNumbers(reference, source)
  }
}

/** Opens what a `--network` reference names. @throws EspalierError */
export const openSource = async (reference: string, { size, ...options }: SourceOptions = {}): Promise<Source> =>
  (await readSource(reference, options))(size)
