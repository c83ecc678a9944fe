import { readdir } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { EspalierError, encodeGraph, print } from '../../ir/index.ts'
import { cannotWrite, sourceProblem } from '../base/error.ts'
import { makeParent, replaceFolder } from '../base/replace-folder.ts'
import type { CompiledNetwork } from '../compile/compile.ts'
import type { ImageLayout } from '../lower/onnx/index.ts'
import type { Precision } from '../lower/precision.ts'
import type { Meaning } from '../network/meaning.ts'
import { prepareCompiledFolder } from '../open/compiled-folder.ts'
import { type OnnxExportOptions, onnxFile, savedModelFacts, savedModelFolder } from '../open/exported.ts'
import { type TritonBackend, type TritonOptions, tritonModel, tritonName } from '../open/triton-model.ts'
import { graphDot } from '../report/dot.ts'
import { graphHtml } from '../report/html.ts'
import type { PassStage } from '../report/steps.ts'
import { prepareFile, writeWhole } from './destination.ts'

/** Flags that say what images and answers mean, which files of a graph alone do not. */
const meaningFlags = ['preprocess', 'classes'] as const

/** Forms of a compiled graph: what they are written as, and which choices they leave. */
const forms = {
  text: { as: 'text', takes: [] },
  json: { as: 'text', takes: [] },
  dot: { as: 'text', takes: [] },
  html: { as: 'text', takes: [] },
  onnx: { as: 'file', takes: [...meaningFlags, 'layout', 'withPreprocessing'] },
  'saved-model': { as: 'folder', takes: [...meaningFlags, 'withPreprocessing', 'precision'] },
  triton: {
    as: 'repository',
    takes: [...meaningFlags, 'layout', 'tritonBackend', 'maxBatch', 'maxDelay', 'instances'],
  },
} as const satisfies Record<
  string,
  { readonly as: 'text' | 'file' | 'folder' | 'repository'; readonly takes: readonly string[] }
>
export type Emission = keyof typeof forms
export const emissions = Object.keys(forms) as readonly Emission[]

export interface EmissionFlags {
  readonly emit?: Emission
  readonly out?: string
  readonly preprocess?: string
  readonly classes?: string
  /** Of images in an ONNX file. */
  readonly layout?: ImageLayout
  /** Of an ONNX file or a SavedModel. */
  readonly withPreprocessing?: boolean
  /** Of a SavedModel. */
  readonly precision?: Precision
  /** Of Triton. */
  readonly tritonBackend?: TritonBackend
  readonly maxBatch?: number
  readonly maxDelay?: number
  readonly instances?: number
}

const refuse = (where: string, seen: string, expected: string): never => {
  throw new EspalierError([sourceProblem('bad-input', where, seen, expected)])
}

/** Entries of folders of these forms: nothing else is ever written over. */
const savedModelFiles: readonly string[] = ['saved_model.pb', dirname(savedModelFacts)]
const tritonFiles: readonly string[] = ['1', 'config.pbtxt', 'labels.txt']

const prepareFolder = async (path: string, own: readonly string[]): Promise<void> => {
  await makeParent(path)
  const others = await readdir(path).then(
    entries => entries.filter(entry => !own.includes(entry)),
    error => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
      throw cannotWrite(path, error)
    },
  )
  if (others.length > 0) throw cannotWrite(path, new Error(`a folder with ${others.slice(0, 3).join(', ')} in it`))
}

/** Refuses now what would fail after the work is done. @throws EspalierError */
export const prepareEmission = async ({ emit, out, ...flags }: EmissionFlags): Promise<void> => {
  const { preprocess, classes, layout, withPreprocessing, precision, tritonBackend, maxBatch, maxDelay, instances } =
    flags
  const choices = { layout, withPreprocessing, precision, tritonBackend, maxBatch, maxDelay, instances }
  const kept: readonly string[] = emit === undefined ? meaningFlags : forms[emit].takes
  for (const [flag, value] of Object.entries({ preprocess, classes, ...choices }))
    if (value !== undefined && !kept.includes(flag))
      refuse(
        `--${flag.replaceAll(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)}`,
        emit === undefined ? 'no --emit' : `--emit ${emit}`,
        `--emit ${emissions.filter(name => (forms[name].takes as readonly string[]).includes(flag)).join(' or ')}`,
      )
  if (emit === undefined) return out === undefined ? undefined : prepareCompiledFolder(out)
  const { as } = forms[emit]
  if (out === undefined) return as === 'text' ? undefined : refuse(`--emit ${emit}`, 'no --out', `a ${as} to write`)
  if (as === 'folder') return prepareFolder(out, savedModelFiles)
  await (as === 'repository' ? makeParent(join(out, 'model')) : prepareFile(out))
}

/** A form of a compiled graph: text, which a terminal shows, the bytes of a file, or the files of a folder by name. */
export type Emitted = string | Uint8Array | ReadonlyMap<string, Uint8Array>

interface EmissionChoices extends TritonOptions, Pick<OnnxExportOptions, 'withPreprocessing'> {
  readonly precision?: Precision | undefined
}

export const emitted = (
  emission: Emission,
  compiled: CompiledNetwork,
  stages: readonly PassStage[],
  meaning: Meaning,
  { layout, withPreprocessing, precision = 'float32', ...triton }: EmissionChoices,
): Emitted => {
  const { graph } = compiled
  switch (emission) {
    case 'text':
      return print(graph)
    case 'json':
      return `${JSON.stringify(encodeGraph(graph), null, 1)}\n`
    case 'dot':
      return graphDot(graph, compiled.stages)
    case 'html':
      return graphHtml(compiled, stages)
    case 'onnx':
      return onnxFile(compiled, meaning, { layout, withPreprocessing })
    case 'saved-model':
      return savedModelFolder(compiled, meaning, { precision, withPreprocessing })
    case 'triton':
      return tritonModel(compiled, meaning, { ...triton, layout })
  }
}

/** Whether a form runs later stages on the images that go on alone. */
export const hasGates = (emission: Emission | undefined, { stages }: CompiledNetwork): boolean =>
  stages !== undefined && (emission === 'onnx' || emission === 'saved-model' || emission === 'triton')

/** Where a form goes: a model of Triton's below its repository. @throws EspalierError where something else stands there */
export const placeOf = async (
  emission: Emission | undefined,
  out: string,
  compiled: CompiledNetwork,
): Promise<string> => {
  if (emission !== 'triton') return out
  const place = join(out, tritonName(compiled))
  await prepareFolder(place, tritonFiles)
  return place
}

/** Writes a form whole or not at all. @throws EspalierError */
export const writeEmitted = async (path: string, contents: Emitted): Promise<void> => {
  if (typeof contents === 'string' || contents instanceof Uint8Array) return writeWhole(path, contents)
  try {
    await replaceFolder(resolve(path), contents)
  } catch (error) {
    throw cannotWrite(path, error)
  }
}
