import { checkArgument } from '../../ir/index.ts'
import { type Plan, parsePlan as parsedPlan } from '../../passes/index.ts'
import { orThrow } from '../base/error.ts'
import { type CompiledNetwork, type CompileOptions, compileNetwork } from '../compile/compile.ts'
import { type Model, type ModelOptions, openModel } from '../execute/model.ts'
import { fitMeaning, type Meaning } from '../network/meaning.ts'
import type { Network } from '../network/network.ts'
import { readCompiledFolder, writeCompiledFolder } from '../open/compiled-folder.ts'
import { type OnnxExportOptions, onnxFile, type SavedModelExportOptions, savedModelFolder } from '../open/exported.ts'
import { checkCompiled, checkNetwork, checkOptions, checkPlan, checkText } from './arguments.ts'
import { type WithBackend, withBackend } from './backend.ts'

/** A compiled network with what its images and answers mean. */
export interface Compiled extends CompiledNetwork {
  readonly meaning: Meaning
}

/** A plan from its name or its compact form: `flip-3-max`, `vanilla-tta-geo`, `{id,shift(1,0)}@4:geo`. @throws EspalierError */
export const parsePlan = (text: string): Plan => orThrow(parsedPlan(text))

/** Compiles a network under a plan. @throws EspalierError where the plan or the meaning does not fit the network */
export const compile = (
  network: Network,
  plan: Plan,
  options: WithBackend<CompileOptions> & { readonly meaning?: Meaning } = {},
): Compiled => {
  checkNetwork('compile, network', network)
  checkPlan('compile, plan', plan)
  checkOptions('compile', options)
  const { meaning = {}, ...others } = options
  return {
    ...orThrow(compileNetwork(network, plan, withBackend<CompileOptions>(others))),
    meaning: orThrow(fitMeaning(network, meaning)),
  }
}

/** Writes a compiled network to a folder that `loadModel` and the command line read. @throws EspalierError where it cannot be written, or something else is there */
export const save = async (compiled: Compiled, folder: string): Promise<void> => {
  checkCompiled('save, compiled', compiled)
  checkText('save, folder', folder, 'the path of a folder')
  return writeCompiledFolder(folder, compiled, compiled.meaning ?? {})
}

/** Opens a compiled network on a backend. @throws EspalierError where none runs it */
export const createModel = async (compiled: Compiled, options: WithBackend<ModelOptions> = {}): Promise<Model> => {
  checkCompiled('createModel, compiled', compiled)
  checkOptions('createModel', options)
  return openModel(compiled, withBackend<ModelOptions>(options))
}

/** Whether a reference names a network that is to be compiled first. */
const isNetworkReference = (reference: string): boolean =>
  reference.startsWith('zoo:') || /\.(onnx|json|txt)$/.test(reference)

/** Opens a compiled folder on a backend. @throws EspalierError where it is none, or nothing runs it */
export const loadModel = async (folder: string, options: WithBackend<ModelOptions> = {}): Promise<Model> => {
  checkText('loadModel, folder', folder, 'the path of a compiled folder')
  checkOptions('loadModel', options)
  checkArgument(
    'loadModel',
    folder,
    !isNetworkReference(folder),
    'a compiled folder',
    `loadNetwork(${JSON.stringify(folder)})`,
  )
  const { compiled, meaning } = await readCompiledFolder(folder)
  return openModel({ ...compiled, meaning }, withBackend<ModelOptions>(options))
}

/**
 * A compiled network as an ONNX file: images in as the network takes them, or under `withPreprocessing` pixels of any size; `[n, classes]` scores out. Preprocessing
 * and class names are in its metadata. @throws EspalierError
 */
export const toOnnx = (compiled: Compiled, options: OnnxExportOptions = {}): Uint8Array => {
  checkCompiled('toOnnx, compiled', compiled)
  checkOptions('toOnnx', options)
  return onnxFile(compiled, compiled.meaning ?? {}, options)
}

/** A compiled network as the files of a TensorFlow SavedModel's folder, by name. @throws EspalierError */
export const toSavedModel = (
  compiled: Compiled,
  options: SavedModelExportOptions = {},
): ReadonlyMap<string, Uint8Array> => {
  checkCompiled('toSavedModel, compiled', compiled)
  checkOptions('toSavedModel', options)
  return savedModelFolder(compiled, compiled.meaning ?? {}, options)
}
