import { readdir, readFile, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { either as E } from 'fp-ts'
import * as t from 'io-ts'
import { EspalierError, shapeOf, sizeOf } from '../../ir/index.ts'
import { multiplyAdds } from '../../passes/index.ts'
import { orThrow, orThrowAsync, sourceProblem } from '../base/error.ts'
import { fileReason } from '../base/file-error.ts'
import { parseJson } from '../base/read-json.ts'
import { readText } from '../base/read-text.ts'
import { sealKey } from '../base/seal.ts'
import type { ValueInfoProto } from '../network/import/onnx/schema.ts'
import { imageType, type Network, outputsOf } from '../network/network.ts'
import { readSafetensorsFile } from '../network/weights/safetensors.ts'
import { files } from './manifest.ts'
import { formOf, isSafetensors, readHead } from './network-form.ts'

/** What reads a form is loaded for files of that form alone. */

/** What a file is, and what it says of itself; `shown` is what of that is for people. */
export interface Inspected {
  readonly form: string
  readonly facts: Readonly<Record<string, unknown>>
  readonly shown: Readonly<Record<string, unknown>>
}

const inspected = (form: string, facts: Inspected['facts'], shown = facts): Inspected => ({ form, facts, shown })

const ofSafetensors = async (path: string): Promise<Inspected> => {
  const found = await orThrowAsync(readSafetensorsFile(path))
  const metadata = Object.fromEntries([...found.metadata].filter(([key]) => key !== sealKey))
  const tensors = [...found.tensors].map(([name, { shape }]) => ({ name, shape }))
  const values = tensors.reduce((sum, { shape }) => sum + sizeOf(shape), 0)
  return inspected(
    'safetensors',
    { metadata, tensors, values },
    { tensors: tensors.length, numbers: values, ...metadata },
  )
}

const portOf = ({ name, type }: ValueInfoProto): string =>
  `${name} [${(type?.tensor_type?.shape?.dim ?? []).map(dim => dim.dim_value || dim.dim_param || '?').join(',')}]`

const ofOnnx = async (path: string): Promise<Inspected> => {
  const { decodeModel } = await import('../network/import/onnx/decode.ts')
  const { graph, metadata_props, opset_import, producer_name } = orThrow(decodeModel(await readFile(path), path))
  const operators: Record<string, number> = {}
  for (const { op_type = '' } of graph.node) operators[op_type] = (operators[op_type] ?? 0) + 1
  const facts = {
    name: graph.name,
    producer: producer_name,
    opset: opset_import.find(({ domain = '' }) => domain === '' || domain === 'ai.onnx')?.version,
    inputs: graph.input.map(portOf),
    outputs: graph.output.map(portOf),
    nodes: graph.node.length,
    operators,
    ...Object.fromEntries(metadata_props.map(({ key = '', value = '' }) => [key, value])),
  }
  return inspected('onnx', facts)
}

const networkFacts = (network: Pick<Network, 'graph' | 'parameters' | 'outputs'>) => {
  const { name, h, w, c } = imageType(network)
  const numbers = [...network.parameters.values()].reduce((sum, { shape }) => sum + sizeOf(shape), 0)
  const outputs = outputsOf(network).map(({ name, kind }, k) => {
    const { type } = network.graph.nodes[network.graph.outputs[k].node]
    return `${name}: ${kind} [${shapeOf(type)}]`
  })
  return { input: `${name} ${h} × ${w} × ${c}`, outputs, numbers, nodes: network.graph.nodes.length }
}

const ofNetwork = async (path: string, form: string): Promise<Inspected> => {
  const { openSource } = await import('./network-source.ts')
  const source = await openSource(path)
  if (source.kind === 'network')
    return inspected(form, {
      name: source.network.name,
      ...networkFacts(source.network),
      multiply_adds: multiplyAdds(source.network.graph),
      ...source.meaning,
    })
  const { network, plan, schedule, multiplyAdds: cost, stages } = source.compiled
  return inspected(form, {
    network,
    plan,
    schedule,
    ...networkFacts(source.compiled),
    multiply_adds: cost.total,
    multiply_adds_relative: cost.relative,
    stages: stages?.map(stage => stage.plan),
    ...source.meaning,
  })
}

const readObject = async (path: string): Promise<Readonly<Record<string, unknown>>> => {
  const json = orThrow(parseJson(path, await orThrowAsync(readText(path))))
  if (t.UnknownRecord.is(json)) return json
  throw new EspalierError([sourceProblem('malformed-file', path, 'JSON that is no object', 'a file of ours')])
}

/** Long lists and objects by how many they have. */
const summed = (json: Readonly<Record<string, unknown>>): Inspected['shown'] =>
  Object.fromEntries(
    Object.entries(json).map(([key, value]) => {
      if (Array.isArray(value) && JSON.stringify(value).length > 80) return [key, `${value.length} of them`]
      if (t.UnknownRecord.is(value) && JSON.stringify(value).length > 80) return [key, Object.keys(value).join(', ')]
      return [key, value]
    }),
  )

/** A result, a plan, a recipe: anything in JSON; or lines of it, as predictions are. */
const ofJson = async (path: string): Promise<Inspected | undefined> => {
  const text = await readText(path)()
  if (E.isLeft(text) || !text.right.trimStart().startsWith('{')) return undefined
  const whole = parseJson(path, text.right)
  if (E.isRight(whole)) {
    const json = await readObject(path)
    return inspected('json', json, summed(json))
  }
  const lines = text.right.split('\n').filter(line => line.trim() !== '')
  const [first] = lines.map(line => parseJson(path, line))
  if (E.isLeft(first) || !t.UnknownRecord.is(first.right)) return undefined
  return inspected('json-lines', { lines: lines.length, keys: Object.keys(first.right) })
}

const ofFolder = async (folder: string): Promise<Inspected> => {
  const names = await readdir(folder)
  if (names.includes('saved_model.pb')) {
    const { savedModelFacts } = await import('./exported.ts')
    const known = names.includes(dirname(savedModelFacts))
    return inspected('saved-model', known ? await readObject(join(folder, savedModelFacts)) : {})
  }
  if (names.includes('config.pbtxt')) {
    const versions = names.filter(name => /^\d+$/.test(name)).sort((a, b) => Number(a) - Number(b))
    const { facts } = await ofOnnx(join(folder, versions.at(-1) ?? '1', 'model.onnx'))
    return inspected('triton', { versions, ...facts })
  }
  return ofNetwork(folder, names.includes(files.manifest) ? 'compiled' : 'tfjs')
}

/** What a file or folder of ours is and says of itself. @throws EspalierError where it is none that is known */
export const inspectFile = async (path: string): Promise<Inspected> => {
  const info = await stat(path).catch(error => {
    throw new EspalierError([sourceProblem('missing-file', path, fileReason(error), 'a file or folder of ours')])
  })
  if (info.isDirectory()) return ofFolder(path)
  if (isSafetensors(await readHead(path), info.size)) return ofSafetensors(path)
  try {
    const { form, file } = await formOf(path, undefined)
    return form === 'onnx' ? await ofOnnx(file) : await ofNetwork(file, form)
  } catch (error) {
    const json = await ofJson(path)
    if (json !== undefined) return json
    throw error
  }
}
