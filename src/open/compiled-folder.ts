import { readdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { either as E, function as F, type taskEither as TE } from 'fp-ts'
import {
  decodeGraph,
  encodeGraph,
  type Graph,
  nodesWithTag,
  type Problem,
  sameShape,
  type Tensor,
} from '../../ir/index.ts'
import { cannotWrite, type SourceProblem, sourceProblem } from '../base/error.ts'
import { fileReason } from '../base/file-error.ts'
import { parseJson } from '../base/read-json.ts'
import { decodeText } from '../base/read-text.ts'
import { makeParent, replaceFolder } from '../base/replace-folder.ts'
import { sealKey } from '../base/seal.ts'
import { readSealedJson, sealedJson } from '../base/sealed-json.ts'
import type { CompiledNetwork } from '../compile/compile.ts'
import { fitMeaning, type Meaning } from '../network/meaning.ts'
import { fromImageToVector } from '../network/network.ts'
import { decodeSafetensors, encodeSafetensors } from '../network/weights/safetensors.ts'
import { espalierFormat } from '../network/zoo/index.ts'
import { decodeManifest, files, isManifest, type Manifest, manifestOf, meaningOf, sha256 } from './manifest.ts'

/** Whether something stands at a path that writing a compiled folder there would destroy. */
const isForeign = async (folder: string): Promise<boolean> => {
  try {
    const known: readonly string[] = Object.values(files)
    const entries = await readdir(folder)
    if (entries.length === 0) return false
    if (!entries.every(entry => known.includes(entry))) return true
    const manifest = await readFile(join(folder, files.manifest))
    // A damaged one is still ours: compiling again is what mends it.
    return !isManifest(manifest) && !(entries.length === known.length && manifest.includes('espalier'))
  } catch (error) {
    const { code = 'ENOTDIR' } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return false
    if (code === 'ENOTDIR') return true
    throw cannotWrite(folder, error)
  }
}

/** Makes the folder of a compiled folder, and refuses now what would fail after the work is done. @throws EspalierError */
export const prepareCompiledFolder = async (path: string): Promise<void> => {
  const folder = resolve(path)
  await makeParent(path)
  if (await isForeign(folder))
    throw cannotWrite(path, new Error('something there that is not a compiled folder, or more than one'))
}

/**
 * Writes a compiled network as a folder: `manifest.json`, `graph.json`, `weights.safetensors`. The folder appears whole or
 * not at all; one that stood there is replaced if it was a compiled one and nothing else.
 *
 * @throws EspalierError where it cannot be written.
 */
export const writeCompiledFolder = async (path: string, compiled: CompiledNetwork, meaning: Meaning): Promise<void> => {
  await prepareCompiledFolder(path)
  const graph = Buffer.from(`${JSON.stringify(encodeGraph(compiled.graph))}\n`)
  const weights = encodeSafetensors(compiled.parameters, new Map([espalierFormat]))
  const manifest = sealedJson(manifestOf(compiled, meaning, graph, weights), 2)
  try {
    await replaceFolder(
      resolve(path),
      new Map([
        [files.graph, graph],
        [files.weights, weights],
        [files.manifest, manifest],
      ]),
    )
  } catch (error) {
    throw cannotWrite(path, error)
  }
}

type Read<A> = E.Either<readonly Problem[], A>

/** The bytes of a file that the manifest vouches for. */
const readVouched = async (path: string, wanted: string): Promise<E.Either<readonly SourceProblem[], Uint8Array>> => {
  let bytes: Uint8Array
  try {
    bytes = await readFile(path)
  } catch (error) {
    return E.left([sourceProblem('missing-file', path, fileReason(error), 'a file of the compiled folder')])
  }
  const seen = sha256(bytes)
  if (seen === wanted) return E.right(bytes)
  const expected = `${wanted}, as ${files.manifest} says`
  return E.left([sourceProblem('malformed-file', path, `a file of sha256 ${seen}`, expected, 'compile again')])
}

/** What runs what is compiled: one output under the name that it is asked for, variants laid out. */
const checkRuns = (path: string, graph: Graph): E.Either<readonly SourceProblem[], Graph> => {
  const malformed = (seen: string, expected: string) =>
    E.left([sourceProblem('malformed-file', path, seen, expected, 'compile again')])
  if (graph.dialect === 'branched') return malformed('a branched graph', 'a flat or stacked one')
  const names = graph.outputs.map(({ name }) => JSON.stringify(name))
  return names.join() === '"logits"'
    ? E.right(graph)
    : malformed(names.length === 0 ? 'no output' : `outputs ${names.join(', ')}`, 'one output, "logits"')
}

const readGraph = async (path: string, wanted: string): Promise<Read<Graph>> => {
  const bytes = await readVouched(path, wanted)
  if (E.isLeft(bytes)) return bytes
  const json = F.pipe(
    decodeText(bytes.right, path),
    E.mapLeft(problem => [problem]),
    E.flatMap(text => parseJson(path, text)),
  )
  if (E.isLeft(json)) return json
  const graph = decodeGraph(json.right)
  return E.isLeft(graph)
    ? E.left(graph.left.map(p => ({ ...p, where: `${path}, ${p.where}` })))
    : checkRuns(path, graph.right)
}

const readParameters = async (
  path: string,
  wanted: string,
  graph: Graph,
): Promise<Read<ReadonlyMap<string, Tensor>>> => {
  const bytes = await readVouched(path, wanted)
  if (E.isLeft(bytes)) return bytes
  const decoded = decodeSafetensors(bytes.right, path)
  if (E.isLeft(decoded)) return decoded
  const { tensors } = decoded.right
  const wrong = nodesWithTag(graph, 'Parameter').flatMap(({ attributes: { name, shape } }) => {
    const seen = tensors.get(name)?.shape
    if (seen !== undefined && sameShape(seen, shape)) return []
    const words = seen === undefined ? 'no such tensor' : `[${seen}]`
    return [sourceProblem('malformed-file', `${path}, tensor ${name}`, words, `[${shape}]`, 'compile again')]
  })
  return wrong.length > 0 ? E.left(wrong) : E.right(tensors)
}

const compiledOf = (manifest: Manifest, graph: Graph, parameters: ReadonlyMap<string, Tensor>): CompiledNetwork => ({
  network: manifest.network,
  plan: manifest.plan,
  graph,
  parameters,
  multiplyAdds: {
    total: manifest.multiply_adds,
    relative: manifest.multiply_adds_relative,
    relativeUnshared: manifest.multiply_adds_relative_unshared,
  },
  actsOnMaps: manifest.acts_on_maps,
  schedule: manifest.schedule,
  predictedMilliseconds: {
    total: manifest.predicted_milliseconds,
    unshared: manifest.predicted_milliseconds_unshared,
  },
  passes: manifest.passes,
})

export interface CompiledFolder {
  readonly compiled: CompiledNetwork
  readonly meaning: Meaning
}

/** Reads what {@link writeCompiledFolder} wrote, and checks that its files belong together. */
export const readCompiledFolder =
  (folder: string): TE.TaskEither<readonly Problem[], CompiledFolder> =>
  async () => {
    const path = join(folder, files.manifest)
    const json = await readSealedJson(path, `compile again; or, where it was changed by hand, take ${sealKey} out`)()
    if (E.isLeft(json)) return json
    const decoded = decodeManifest(path, json.right)
    if (E.isLeft(decoded)) return decoded
    const manifest = decoded.right
    const graph = await readGraph(join(folder, files.graph), manifest.sha256[files.graph])
    if (E.isLeft(graph)) return graph
    const weights = join(folder, files.weights)
    const parameters = await readParameters(weights, manifest.sha256[files.weights], graph.right)
    if (E.isLeft(parameters)) return parameters
    const checked = fromImageToVector(folder, graph.right)
    if (E.isLeft(checked)) return checked
    const meaning = fitMeaning({ graph: graph.right }, meaningOf(manifest))
    if (E.isLeft(meaning)) return meaning
    return E.right({ compiled: compiledOf(manifest, graph.right, parameters.right), meaning: meaning.right })
  }
