import { either as E } from 'fp-ts'
import { checkArgument, checkGraph, type Graph, isObject } from '../ir/index.ts'
import { type Plan, parsePlan as parsedPlan } from '../passes/index.ts'
import {
  checkCompiled,
  checkNetwork,
  checkOptions,
  checkParameters,
  checkPlan,
  checkRecipe,
  checkText,
} from './api/arguments.ts'
import { orThrow, orThrowAsync, sourceProblem } from './base/error.ts'
import { type CompiledNetwork, type CompileOptions, compileNetwork } from './compile/compile.ts'
import { openData, trainingReference } from './data/index.ts'
import type { RunnerOptions } from './execute/runner.ts'
import { type ImpactOptions, type ImpactResult, impact as measureImpact } from './experiment/impact/impact.ts'
import { type LowerOnnxOptions, lowerOnnx } from './lower/onnx/index.ts'
import { lowerSavedModel, type SavedModelOptions } from './lower/saved-model/index.ts'
import { finiteWeights } from './network/finite-weights.ts'
import { fitMeaning, type Meaning } from './network/meaning.ts'
import { classifier, type Network } from './network/network.ts'
import { checkDrawable, initialized, zoo as zooArchitecture } from './network/zoo/index.ts'
import { readCompiledFolder, writeCompiledFolder } from './open/compiled-folder.ts'
import { fitImages } from './open/images.ts'
import { type Model, openModel } from './open/model.ts'
import { openSource, type SourceOptions } from './open/network-source.ts'
import {
  type Recipe,
  readRecipe,
  type Trained,
  type TrainingEvent,
  type TrainingSource,
  type TrainOptions,
  train as trainNetwork,
} from './train/index.ts'

/** A compiled network with what its images and answers mean. */
export interface Compiled extends CompiledNetwork {
  readonly meaning: Meaning
}

/** A plan from its name or its compact form: `flip-3-max`, `vanilla-tta-geo`, `{id,shift(1,0)}@4:geo`. @throws EspalierError */
export const parsePlan = (text: string): Plan => orThrow(parsedPlan(text))

/** A zoo network, initialized from a seed: `cifar-resnet-20`, `resnet-18?classes=10`. @throws EspalierError */
export const createZooNetwork = (reference: string, options: { readonly seed?: number } = {}): Network => {
  checkText('createZooNetwork', reference, 'the name of a zoo network', "createZooNetwork('cifar-resnet-20')")
  checkOptions('createZooNetwork', options)
  const { seed = 0 } = options
  return initialized(orThrow(E.flatMap(checkDrawable)(zooArchitecture(reference))), seed)
}

/** A network from a reference as `--network` takes it: `zoo:NAME`, `FILE.onnx`, `FOLDER/model.json`, a graph. @throws EspalierError */
export const loadNetwork = async (reference: string, options: SourceOptions = {}): Promise<Network> => {
  checkText('loadNetwork', reference, 'zoo:NAME, FILE.onnx, FOLDER/model.json, or a graph as .txt or .json')
  checkOptions('loadNetwork', options)
  const source = await orThrowAsync(openSource(reference, options))
  if (source.kind === 'network') return source.network
  return orThrow({
    _tag: 'Left',
    left: [
      sourceProblem('bad-input', reference, 'a compiled folder', 'a network that is not compiled', 'loadModel(folder)'),
    ],
  })
}

/**
 * A network of one's own, from a graph of the builder and its values. @throws EspalierError where it is no classifier, or a value no number
 */
export const createNetwork = (name: string, graph: Graph, parameters: Network['parameters']): Network => {
  checkText('createNetwork, name', name, 'a name')
  checkGraph('createNetwork, graph', graph)
  checkParameters('createNetwork, parameters', parameters)
  const network = orThrow(classifier(name, graph, parameters))
  orThrow(finiteWeights(network, name))
  return network
}

/** Compiles a network under a plan. @throws EspalierError where the plan or the meaning does not fit the network */
export const compile = (
  network: Network,
  plan: Plan,
  options: CompileOptions & { readonly meaning?: Meaning } = {},
): Compiled => {
  checkNetwork('compile, network', network)
  checkPlan('compile, plan', plan)
  checkOptions('compile', options)
  const { meaning = {}, ...others } = options
  return {
    ...orThrow(compileNetwork(network, plan, others)),
    meaning: orThrow(fitMeaning(network, meaning)),
  }
}

/** Writes a compiled network to a folder that `loadModel` and the command line read. @throws EspalierError */
export const save = async (compiled: Compiled, folder: string): Promise<void> => {
  checkCompiled('save, compiled', compiled)
  checkText('save, folder', folder, 'the path of a folder')
  return writeCompiledFolder(folder, compiled, compiled.meaning ?? {})
}

/** Opens a compiled network on a backend. @throws EspalierError */
export const createModel = async (compiled: Compiled, options: RunnerOptions = {}): Promise<Model> => {
  checkCompiled('createModel, compiled', compiled)
  checkOptions('createModel', options)
  return openModel(compiled, compiled.meaning ?? {}, options)
}

/** Whether a reference names a network that is to be compiled first. */
const isNetworkReference = (reference: string): boolean =>
  reference.startsWith('zoo:') || /\.(onnx|json|txt)$/.test(reference)

/** Opens a compiled folder on a backend. @throws EspalierError */
export const loadModel = async (folder: string, options: RunnerOptions = {}): Promise<Model> => {
  checkText('loadModel, folder', folder, 'the path of a compiled folder')
  checkOptions('loadModel', options)
  checkArgument(
    'loadModel',
    folder,
    !isNetworkReference(folder),
    'a compiled folder',
    `loadNetwork(${JSON.stringify(folder)})`,
  )
  const { compiled, meaning } = await orThrowAsync(readCompiledFolder(folder))
  return openModel(compiled, meaning, options)
}

/** A recipe by its name or from a file: `default`, `cifar`, `imagenet`, `fine-tune`, `FILE.json`. @throws EspalierError */
export const loadRecipe = async (reference: string): Promise<Recipe> => {
  checkText('loadRecipe', reference, 'the name of a recipe, or FILE.json', "loadRecipe('default')")
  return orThrowAsync(readRecipe(reference))
}

const isData = (data: unknown): boolean =>
  typeof data === 'string'
    ? data !== ''
    : isObject(data) && (typeof data.reference === 'string' || typeof data.read === 'function')

/**
 * Trains a network under a plan on a data set, by default its training split: an iterator of events, which returns what came of it. The
 * trained network goes into {@link compile}. @throws EspalierError
 */
export const train = (
  network: Network,
  plan: Plan,
  recipe: Recipe,
  data: string | TrainingSource,
  options: TrainOptions = {},
): AsyncGenerator<TrainingEvent, Trained> => {
  checkNetwork('train, network', network)
  checkPlan('train, plan', plan)
  checkRecipe('train, recipe', recipe)
  checkArgument('train, data', data, isData(data), 'data as --data names it, or a data set', "'cifar100:FOLDER'")
  checkOptions('train', options)
  const { seed = 0 } = options
  const source = typeof data === 'string' ? { reference: trainingReference(data), open: { seed } } : data
  return trainNetwork(network, plan, recipe, source, options)
}

/**
 * What transforming each feature map of a network does to its error on labelled data, named as `--data` takes it. Transforms are
 * `flip,rotate,scale` by default. @throws EspalierError
 */
export const impact = async (
  network: Network,
  data: string,
  options: ImpactOptions & Meaning = {},
): Promise<ImpactResult> => {
  checkNetwork('impact, network', network)
  checkText('impact, data', data, 'data as --data names it', "'cifar100:FOLDER'")
  checkOptions('impact', options)
  const { classes: _, preprocess: __, ...others } = options
  const images = fitImages(network, options, orThrow(await openData(data)), { labels: 'needed' })
  return measureImpact(network, images, others)
}

/** A compiled network as an ONNX file: images in as the network takes them, `[n, classes]` scores out. @throws EspalierError */
export const toOnnx = (compiled: Compiled, options: LowerOnnxOptions = {}): Uint8Array => {
  checkCompiled('toOnnx, compiled', compiled)
  checkOptions('toOnnx', options)
  const { graph, parameters, network } = compiled
  return lowerOnnx(graph, parameters, { name: network, ...options })
}

/** A compiled network as the files of a TensorFlow SavedModel's folder, by name. @throws EspalierError */
export const toSavedModel = (compiled: Compiled, options: SavedModelOptions = {}): ReadonlyMap<string, Uint8Array> => {
  checkCompiled('toSavedModel, compiled', compiled)
  checkOptions('toSavedModel', options)
  return lowerSavedModel(compiled.graph, compiled.parameters, options)
}

export { EspalierError } from '../ir/index.ts'
export type { Plan } from '../passes/index.ts'
export { printPlan } from '../passes/index.ts'
export type { CompiledNetwork, CompileOptions } from './compile/compile.ts'
export type { ImageInput, Pixels, Preprocess } from './data/index.ts'
export type { ExecutorName } from './execute/executor.ts'
export type { TensorLike } from './execute/inputs.ts'
export type { ModelBackend, Prediction, RunnerOptions } from './execute/runner.ts'
export type { ImpactOptions, ImpactPosition, ImpactResult, TransformImpact } from './experiment/impact/impact.ts'
export type { Precision } from './lower/precision.ts'
export type { Meaning } from './network/meaning.ts'
export type { Network } from './network/network.ts'
export type { Answer, Model } from './open/model.ts'
export type { Recipe, Trained, TrainingEvent, TrainingSource, TrainOptions } from './train/index.ts'
