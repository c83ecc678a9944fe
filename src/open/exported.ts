import { EspalierError } from '../../ir/index.ts'
import { cutStages } from '../../passes/index.ts'
import { sourceProblem } from '../base/error.ts'
import type { CompiledNetwork } from '../compile/compile.ts'
import { type LowerOnnxOptions, lowerOnnx } from '../lower/onnx/index.ts'
import { lowerSavedModel, type SavedModelOptions } from '../lower/saved-model/index.ts'
import { type ExportedFacts, metadataOf } from '../network/exported-facts.ts'
import type { Meaning } from '../network/meaning.ts'

interface WithPreprocessing {
  /** Whether the file takes pixels of any size, `uint8` RGB, and preprocesses them itself. Default false. */
  readonly withPreprocessing?: boolean | undefined
}

/** How a compiled network is written as an ONNX file. */
export interface OnnxExportOptions extends Pick<LowerOnnxOptions, 'layout' | 'name'>, WithPreprocessing {}

/** How a compiled network is written as a SavedModel. */
export interface SavedModelExportOptions extends Omit<SavedModelOptions, 'preprocess'>, WithPreprocessing {}

const factsOf = (
  { network, plan, outputs }: CompiledNetwork,
  meaning: Meaning,
  withPreprocessing: boolean,
): ExportedFacts => ({
  network,
  plan,
  outputs,
  ...meaning,
  pixels: withPreprocessing ? 'uint8 RGB of any size' : undefined,
})

/** @throws EspalierError where nothing says how images become the network's input */
const neededPreprocess = ({ preprocess }: Meaning) => {
  if (preprocess !== undefined) return preprocess
  const seen = 'no word on how images become the network’s input'
  throw new EspalierError([
    sourceProblem(
      'bad-input',
      'preprocessing in the file',
      seen,
      'preprocessing to put into it',
      '--preprocess FILE.json',
    ),
  ])
}

/** A compiled network as an ONNX file, which also says what its images and answers mean. @throws EspalierError */
export const onnxFile = (
  compiled: CompiledNetwork,
  meaning: Meaning,
  { withPreprocessing = false, ...options }: OnnxExportOptions = {},
): Uint8Array => {
  const { graph, parameters, network, plan } = compiled
  return lowerOnnx(cutStages(graph), parameters, {
    name: `${network} ${plan}`,
    ...options,
    metadata: metadataOf(factsOf(compiled, meaning, withPreprocessing)),
    preprocess: withPreprocessing ? neededPreprocess(meaning) : undefined,
  })
}

/** Where a SavedModel's folder has what is not loaded with it. */
export const savedModelFacts = 'assets.extra/espalier.json'

/** A compiled network as the files of a SavedModel's folder, with what its images and answers mean. @throws EspalierError */
export const savedModelFolder = (
  compiled: CompiledNetwork,
  meaning: Meaning,
  { withPreprocessing = false, ...options }: SavedModelExportOptions = {},
): ReadonlyMap<string, Uint8Array> =>
  new Map([
    ...lowerSavedModel(cutStages(compiled.graph), compiled.parameters, {
      ...options,
      preprocess: withPreprocessing ? neededPreprocess(meaning) : undefined,
    }),
    [savedModelFacts, Buffer.from(`${JSON.stringify(factsOf(compiled, meaning, withPreprocessing), null, 2)}\n`)],
  ])
