import { open, readdir, stat } from 'node:fs/promises'
import { basename, dirname, extname, join } from 'node:path'
import * as t from 'io-ts'
import { EspalierError } from '../../ir/index.ts'
import { orThrow, orThrowAsync, sourceProblem } from '../base/error.ts'
import { fileReason } from '../base/file-error.ts'
import { parseJson } from '../base/read-json.ts'
import { readText } from '../base/read-text.ts'
import { imageFormat } from '../data/image-format.ts'
import { files } from './manifest.ts'

/** How a path is opened: told by what is in it, and by its name only where that says too little. */
export type Form = 'compiled' | 'onnx' | 'tfjs' | 'graph-json' | 'graph-text'

export interface Found {
  readonly form: Form
  /** The file to read, or the compiled folder. */
  readonly file: string
}

export const networkForms =
  'zoo:NAME, an ONNX file, a TensorFlow.js model (its JSON or its folder), a compiled folder, or a graph as text or JSON'

const refuse = (path: string, seen: string, hint?: string): never => {
  throw new EspalierError([sourceProblem('unknown-network-form', path, seen, networkForms, hint)])
}

const headBytes = 4096

const latin1 = (head: Uint8Array, from: number, to: number): string =>
  Buffer.from(head.subarray(from, to)).toString('latin1')

/** Whether a file that begins so holds weights alone. */
export const isSafetensors = (head: Uint8Array, size: number): boolean =>
  head.length > 8 && head[8] === 0x7b && Buffer.from(head).readBigUInt64LE(0) <= BigInt(size - 8)

/** What people have in place of a network: how it begins, and what to try. */
const others: readonly (readonly [what: string, is: (head: Uint8Array, size: number) => boolean, hint: string])[] = [
  ['a gzip file', head => head[0] === 0x1f && head[1] === 0x8b, 'unpack it first'],
  [
    'a zip archive',
    head => latin1(head, 0, 4) === 'PK\x03\x04',
    'unpack it; a PyTorch or Keras file: export it as ONNX',
  ],
  [
    'an HDF5 file',
    head => latin1(head, 1, 4) === 'HDF',
    'convert a Keras model with tensorflowjs_converter or tf2onnx',
  ],
  ['a TensorFlow Lite file', head => latin1(head, 4, 8) === 'TFL3', 'convert it with tf2onnx'],
  ['an onnxruntime file', head => latin1(head, 4, 8) === 'ORTM', 'the .onnx file that it was made from'],
  ['a Python pickle', head => head[0] === 0x80 && head[1] >= 2 && head[1] <= 5, 'export the model as ONNX'],
  ['weights alone, a safetensors file', isSafetensors, '--network zoo:NAME --weights FILE'],
  ['a Git LFS pointer', head => latin1(head, 0, 23) === 'version https://git-lfs', 'git lfs pull'],
  ['an image', head => imageFormat(head) !== undefined, '--data images:FOLDER for images'],
  ['an HTML page', head => /^\s*<(!doctype html|html)/i.test(latin1(head, 0, 200)), 'fetch the file itself'],
]

/** Refuses weights in a file that is known to be something else. @throws EspalierError */
export const checkWeightsFile = async (path: string): Promise<void> => {
  const info = await stat(path).catch(() => undefined)
  if (info?.isFile() !== true) return
  const head = await readHead(path)
  const other = others.find(([, is]) => is(head, info.size) && is !== isSafetensors)
  if (other === undefined) return
  const hint = "in Python: safetensors.torch.save_file(model.state_dict(), 'weights.safetensors')"
  throw new EspalierError([sourceProblem('malformed-file', path, other[0], 'a safetensors file', hint)])
}

const keysShown = 5

/** What JSON is that is no object, and what to try. */
const noObject = (json: unknown): readonly [seen: string, hint?: string] =>
  Array.isArray(json) && json.length > 0 && json.every(each => t.UnknownRecord.is(each) && Array.isArray(each.weights))
    ? [
        'weights of a TensorFlow.js model whose layers are a program',
        'save the model itself: model.save in TensorFlow.js',
      ]
    : ['JSON that is no object']

const jsonForm = (path: string, json: unknown): Found => {
  if (!t.UnknownRecord.is(json)) return refuse(path, ...noObject(json))
  if (t.UnknownRecord.is(json.modelTopology)) return { form: 'tfjs', file: path }
  if (json.format === 'espalier') return { form: 'compiled', file: dirname(path) }
  if (json.format === 'espalier-reproducer') return refuse(path, 'a reproducer', `espalier reduce ${path}`)
  if (json.format !== undefined || json.nodes !== undefined) return { form: 'graph-json', file: path }
  if (json.class_name !== undefined && json.config !== undefined)
    return refuse(path, 'a Keras model’s layers without its weights', 'model.save instead of model.toJSON')
  const keys = Object.keys(json)
  const more = keys.length > keysShown ? ', …' : ''
  return refuse(path, `JSON with the keys ${keys.slice(0, keysShown).join(', ') || 'of nothing'}${more}`)
}

const isWide = ([first, second]: Uint8Array): boolean =>
  (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)

/** The beginning of a text, whatever it is encoded in. */
const beginningOf = (head: Uint8Array): string =>
  (isWide(head) ? latin1(head, 2, 200).replaceAll('\0', '') : latin1(head, 0, 200))
    .replace(/^\xef\xbb\xbf/, '')
    .trimStart()

const formByName = (path: string): Form | undefined => {
  if (basename(path) === 'model.json') return 'tfjs'
  return ({ '.onnx': 'onnx', '.json': 'graph-json', '.txt': 'graph-text' } as const)[extname(path)]
}

/** ONNX's first field, the version of its format. */
const beginsAsOnnx = (head: Uint8Array): boolean => head[0] === 8 && head[1] > 0 && head[1] < 32

const byName = (path: string): Found => {
  const form = formByName(path)
  return form === undefined ? refuse(path, 'a file of another kind') : { form, file: path }
}

const formOfFile = async (path: string, head: Uint8Array, size: number): Promise<Found> => {
  const other = others.find(([, is]) => is(head, size))
  if (other !== undefined) return refuse(path, other[0], other[2])
  const beginning = beginningOf(head)
  if (/^[{[]/.test(beginning)) {
    return jsonForm(path, orThrow(parseJson(path, await orThrowAsync(readText(path)))))
  }
  if (/^\w+\s+graph\s*\{/.test(beginning)) return { form: 'graph-text', file: path }
  return formByName(path) === undefined && beginsAsOnnx(head) ? { form: 'onnx', file: path } : byName(path)
}

/** The first bytes of a file. */
export const readHead = async (path: string): Promise<Uint8Array> => {
  const handle = await open(path, 'r')
  try {
    const { buffer, bytesRead } = await handle.read(new Uint8Array(headBytes), 0, headBytes, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await handle.close()
  }
}

const formOfFolder = async (folder: string): Promise<Found> => {
  const names = await readdir(folder)
  if (names.includes(files.manifest)) return { form: 'compiled', file: folder }
  if (names.includes('model.json')) return { form: 'tfjs', file: join(folder, 'model.json') }
  const [candidate] = names.filter(name => ['.onnx', '.json'].includes(extname(name))).sort()
  return refuse(
    folder,
    'a folder without manifest.json and model.json',
    candidate === undefined ? undefined : join(folder, candidate),
  )
}

/** What a path is; `hint` is for one where nothing is. @throws EspalierError where it is nothing that is known */
export const formOf = async (path: string, hint: string | undefined): Promise<Found> => {
  try {
    const info = await stat(path)
    if (info.isDirectory()) return await formOfFolder(path)
    // What cannot be read twice, a pipe, is taken at its name.
    return info.isFile() ? await formOfFile(path, await readHead(path), info.size) : byName(path)
  } catch (error) {
    if (error instanceof EspalierError) throw error
    throw new EspalierError([sourceProblem('missing-file', path, fileReason(error), networkForms, hint)])
  }
}
