import { readdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { either as E } from 'fp-ts'
import {
  decodeGraph,
  EspalierError,
  encodeGraph,
  type Graph,
  nodesWithTag,
  type Problem,
  sameShape,
  type Tensor,
} from '../../ir/index.ts'
import { classifierOutputs, factsOfKind, type NetworkOutput } from '../../passes/index.ts'
import { cannotWrite, orThrow, orThrowAsync, sourceProblem } from '../base/error.ts'
import { fileReason } from '../base/file-error.ts'
import { parseJson } from '../base/read-json.ts'
import { decodeText } from '../base/read-text.ts'
import { makeParent, replaceFolder } from '../base/replace-folder.ts'
import { sealKey } from '../base/seal.ts'
import { readSealedJson, sealedJson } from '../base/sealed-json.ts'
import type { CompiledNetwork } from '../compile/compile.ts'
import { fitMeaning, type Meaning } from '../network/meaning.ts'
import { fromImage } from '../network/network.ts'
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

const malformed = (path: string, seen: string, expected: string): EspalierError =>
  new EspalierError([sourceProblem('malformed-file', path, seen, expected, 'compile again')])

/** The bytes of a file that the manifest vouches for. */
const readVouched = async (path: string, wanted: string): Promise<Uint8Array> => {
  const bytes = await readFile(path).catch(error => {
    const problem = sourceProblem('missing-file', path, fileReason(error), 'a file of the compiled folder')
    throw new EspalierError([problem])
  })
  const seen = sha256(bytes)
  if (seen !== wanted) throw malformed(path, `a file of sha256 ${seen}`, `${wanted}, as ${files.manifest} says`)
  return bytes
}

/** What runs what is compiled: outputs under the names that they are asked for, variants laid out. */
const checkRuns = (path: string, graph: Graph, outputs: readonly NetworkOutput[]): Graph => {
  if (graph.dialect === 'branched') throw malformed(path, 'a branched graph', 'a flat or stacked one')
  const names = graph.outputs.map(({ name }) => JSON.stringify(name))
  const wanted = outputs.map(({ name }) => JSON.stringify(name))
  const fits = outputs.every(({ kind }, k) => graph.nodes[graph.outputs[k]?.node]?.type.kind === factsOfKind(kind).type)
  if (names.join() === wanted.join() && fits) return graph
  const seen = names.length === 0 ? 'no output' : `outputs ${names.join(', ')}`
  throw malformed(
    path,
    seen,
    `${wanted.length === 1 ? 'one output' : 'outputs'}, ${wanted.join(', ')}, as ${files.manifest} says`,
  )
}

const readGraph = async (path: string, wanted: string, outputs: readonly NetworkOutput[]): Promise<Graph> => {
  const json = orThrow(parseJson(path, orThrow(decodeText(await readVouched(path, wanted), path))))
  const within = (problems: readonly Problem[]) => problems.map(p => ({ ...p, where: `${path}, ${p.where}` }))
  return checkRuns(path, orThrow(E.mapLeft(within)(decodeGraph(json))), outputs)
}

const readParameters = async (path: string, wanted: string, graph: Graph): Promise<ReadonlyMap<string, Tensor>> => {
  const { tensors } = orThrow(decodeSafetensors(await readVouched(path, wanted), path))
  const wrong = nodesWithTag(graph, 'Parameter').flatMap(({ attributes: { name, shape } }) => {
    const seen = tensors.get(name)?.shape
    if (seen !== undefined && sameShape(seen, shape)) return []
    const words = seen === undefined ? 'no such tensor' : `[${seen}]`
    return [sourceProblem('malformed-file', `${path}, tensor ${name}`, words, `[${shape}]`, 'compile again')]
  })
  if (wrong.length > 0) throw new EspalierError(wrong)
  return tensors
}

const compiledOf = (manifest: Manifest, graph: Graph, parameters: ReadonlyMap<string, Tensor>): CompiledNetwork => ({
  network: manifest.network,
  plan: manifest.plan,
  graph,
  parameters,
  ...(manifest.outputs === undefined ? {} : { outputs: manifest.outputs }),
  multiplyAdds: {
    total: manifest.multiply_adds,
    relative: manifest.multiply_adds_relative,
    relativeUnshared: manifest.multiply_adds_relative_unshared,
  },
  stages: manifest.stages?.map(({ multiply_adds: total, multiply_adds_relative: relative, ...stage }) => ({
    ...stage,
    multiplyAdds: { total, relative },
  })),
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

/** Reads what {@link writeCompiledFolder} wrote. @throws EspalierError where its files do not belong together, or are damaged */
export const readCompiledFolder = async (folder: string): Promise<CompiledFolder> => {
  const path = join(folder, files.manifest)
  const hint = `compile again; or, where it was changed by hand, take ${sealKey} out`
  const manifest = orThrow(decodeManifest(path, await orThrowAsync(readSealedJson(path, hint))))
  const { outputs = classifierOutputs } = manifest
  const graph = await readGraph(join(folder, files.graph), manifest.sha256[files.graph], outputs)
  const parameters = await readParameters(join(folder, files.weights), manifest.sha256[files.weights], graph)
  orThrow(fromImage(folder, graph))
  return {
    compiled: compiledOf(manifest, graph, parameters),
    meaning: orThrow(fitMeaning({ graph, outputs }, meaningOf(manifest))),
  }
}
