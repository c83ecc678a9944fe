import { either as E } from 'fp-ts'
import { EspalierError, type Graph, show } from '../ir/index.ts'
import { type Plan, parsePlan } from '../passes/index.ts'
import { type CompiledNetwork, type CompileOptions, compileNetwork } from './compile.ts'
import { readCompiledFolder, writeCompiledFolder } from './compiled-folder.ts'
import { openData, trainingReference } from './data/index.ts'
import { orThrow, orThrowAsync, sourceProblem } from './error.ts'
import { type ImpactOptions, type ImpactResult, impact as measureImpact } from './experiment/impact/impact.ts'
import { fitLabelled } from './fit-data.ts'
import { type LowerOnnxOptions, lowerOnnx } from './lower/onnx/index.ts'
import { lowerSavedModel, type SavedModelOptions } from './lower/saved-model/index.ts'
import { fitMeaning, type Meaning } from './meaning.ts'
import { type Model, openModel } from './model.ts'
import { classifier, type Network } from './network.ts'
import { openSource, type SourceOptions } from './network-source.ts'
import type { RunnerOptions } from './runner.ts'
import {
  type Recipe,
  readRecipe,
  type Trained,
  type TrainingEvent,
  type TrainingSource,
  type TrainOptions,
  train as trainNetwork,
} from './train/index.ts'
import { checkDrawable, initialized, zoo as zooArchitecture } from './zoo/index.ts'

/** A compiled network with what its images and answers mean. */
export interface Compiled extends CompiledNetwork {
  readonly meaning: Meaning
}

/** What a program without types may give in place of text. @throws EspalierError */
const demandText = (where: string, text: unknown): string => {
  if (typeof text === 'string') return text
  throw new EspalierError([sourceProblem('bad-input', where, show(text), 'text')])
}

/** A plan from its name or its compact form: `flip-3-max`, `vanilla-tta-geo`, `{id,shift(1,0)}@4:geo`. @throws EspalierError */
export const plan = (text: string): Plan => orThrow(parsePlan(demandText('plan', text)))

/** A zoo network, initialized from a seed: `cifar-resnet-20`, `resnet-18?classes=10`. @throws EspalierError */
export const zoo = (reference: string, { seed = 0 }: { readonly seed?: number } = {}): Network =>
  initialized(orThrow(E.flatMap(checkDrawable)(zooArchitecture(demandText('zoo', reference)))), seed)

/** A network from a reference as `--network` takes it: `zoo:NAME`, `FILE.onnx`, `FOLDER/model.json`, a graph. @throws EspalierError */
export const network = async (reference: string, options: SourceOptions = {}): Promise<Network> => {
  const source = await orThrowAsync(openSource(demandText('network', reference), options))
  if (source.kind === 'network') return source.network
  return orThrow({
    _tag: 'Left',
    left: [
      sourceProblem('bad-input', reference, 'a compiled folder', 'a network that is not compiled', 'load(folder)'),
    ],
  })
}

/** A network of one's own, from a graph of the builder and its values. @throws EspalierError where it is no classifier */
export const networkFrom = (name: string, graph: Graph, parameters: Network['parameters']): Network =>
  orThrow(classifier(name, graph, parameters))

/** Compiles a network under a plan. @throws EspalierError where the plan or the meaning does not fit the network */
export const compile = (
  network: Network,
  plan: Plan,
  { meaning = {}, ...options }: CompileOptions & { readonly meaning?: Meaning } = {},
): Compiled => ({
  ...orThrow(compileNetwork(network, plan, options)),
  meaning: orThrow(fitMeaning(network, meaning)),
})

/** Writes a compiled network to a folder that `load` and the command line read. @throws EspalierError */
export const save = (compiled: Compiled, folder: string): Promise<void> =>
  writeCompiledFolder(folder, compiled, compiled.meaning)

/** Opens a compiled network on a backend. @throws EspalierError */
export const model = (compiled: Compiled, options: RunnerOptions = {}): Promise<Model> =>
  openModel(compiled, compiled.meaning, options)

/** Opens a compiled folder on a backend. @throws EspalierError */
export const load = async (folder: string, options: RunnerOptions = {}): Promise<Model> => {
  const { compiled, meaning } = await orThrowAsync(readCompiledFolder(folder))
  return openModel(compiled, meaning, options)
}

/** A recipe by its name or from a file: `default`, `cifar`, `imagenet`, `fine-tune`, `FILE.json`. @throws EspalierError */
export const recipe = (reference: string): Promise<Recipe> => orThrowAsync(readRecipe(reference))

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
  { classes, ...options }: ImpactOptions & Pick<Meaning, 'classes'> = {},
): Promise<ImpactResult> =>
  measureImpact(network, fitLabelled(network, orThrow(await openData(data)), classes), options)

/** A compiled network as an ONNX file: images in as the network takes them, `[n, classes]` scores out. @throws EspalierError */
export const toOnnx = ({ graph, parameters, network }: Compiled, options: LowerOnnxOptions = {}): Uint8Array =>
  lowerOnnx(graph, parameters, { name: network, ...options })

/** A compiled network as the files of a TensorFlow SavedModel's folder, by name. @throws EspalierError */
export const toSavedModel = (
  { graph, parameters }: Compiled,
  options: SavedModelOptions = {},
): ReadonlyMap<string, Uint8Array> => lowerSavedModel(graph, parameters, options)

export { EspalierError } from '../ir/index.ts'
export type { Plan } from '../passes/index.ts'
export { parsePlan, printPlan } from '../passes/index.ts'
export type { CompiledNetwork, CompileOptions } from './compile.ts'
export type { ImageInput, Pixels, Preprocess } from './data/index.ts'
export type { ExecutorName } from './execute/executor.ts'
export type { ImpactOptions, ImpactPosition, ImpactResult, TransformImpact } from './experiment/impact/impact.ts'
export type { TensorLike } from './inputs.ts'
export type { Precision } from './lower/precision.ts'
export type { Meaning } from './meaning.ts'
export type { Answer, Model } from './model.ts'
export type { Network } from './network.ts'
export type { ModelBackend, Prediction, RunnerOptions } from './runner.ts'
export type { Recipe, Trained, TrainingEvent, TrainingSource, TrainOptions } from './train/index.ts'
