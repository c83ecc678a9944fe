import { either as E, function as F } from 'fp-ts'
import { problem } from '../../../../ir/error.ts'
import { metadataKey } from '../../exported-facts.ts'
import type { ImportProblem } from '../error.ts'
import { opsetOf, withoutFunctions } from './functions.ts'
import { type Names, names } from './names.ts'
import { Refusal } from './refuse.ts'
import { scan } from './scan.ts'
import { type GraphProto, type ModelProto, onnxSchema } from './schema.ts'

/** A decoded file: its graph without calls of functions, and the version of the standard operators that it is written in. */
export interface OnnxModel {
  readonly graph: GraphProto
  readonly opset: number
  /** What the file says of itself beside its graph. */
  readonly metadata: ReadonlyMap<string, string>
  /** Every name that a value of the file has. */
  readonly names: Names
}

const opsets = { first: 9, last: 25 }
const modelType = onnxSchema.lookupType('ModelProto')
const lfsPointer = 'version https://git-lfs'

const refuse = (
  tag: ImportProblem['tag'],
  where: string,
  seen: string,
  expected: string,
  hint?: string,
): E.Either<readonly ImportProblem[], never> => E.left([problem(tag, where, seen, expected, hint)])

const firstBytes = (bytes: Uint8Array): string => {
  const head = Buffer.from(bytes.subarray(0, 8))
  return `first bytes ${head.toString('hex').replace(/(..)(?=.)/g, '$1 ')}`
}

/** A file as it spells itself, which has a graph. */
export type WholeModel = ModelProto & { readonly graph: GraphProto }

/** Decodes the bytes of an ONNX file, which are not trusted; problems name the byte and the field. */
export const decodeModel = (bytes: Uint8Array, file: string): E.Either<readonly ImportProblem[], WholeModel> => {
  if (bytes.length === 0) return refuse('malformed-file', file, 'an empty file', 'an ONNX model')
  if (Buffer.from(bytes.subarray(0, lfsPointer.length)).toString('latin1') === lfsPointer)
    return refuse('malformed-file', file, 'a Git LFS pointer', 'an ONNX model', 'git lfs pull')
  const flaw = scan(modelType, bytes)
  if (flaw?.tooMany === true)
    return refuse('too-large', `${file}, byte ${flaw.offset} (${flaw.path})`, flaw.seen, flaw.expected)
  if (flaw !== null)
    return refuse(
      'malformed-file',
      `${file}, byte ${flaw.offset}${flaw.path === '' ? '' : ` (${flaw.path})`}`,
      flaw.path === '' ? `${flaw.seen} (${firstBytes(bytes)})` : flaw.seen,
      `${flaw.expected}, in an ONNX model`,
      flaw.path === '' ? 'is this an ONNX file?' : 'the file may be cut short; fetch or export it again',
    )
  const model = E.tryCatch(
    () => modelType.toObject(modelType.decode(bytes), { longs: Number, arrays: true }) as ModelProto,
    cause => (cause instanceof Error ? cause.message : String(cause)),
  )
  if (E.isLeft(model)) return refuse('malformed-file', file, model.left, 'an ONNX model')
  const { graph } = model.right
  return graph === undefined
    ? refuse('malformed-file', file, `no graph (${firstBytes(bytes)})`, 'an ONNX model', 'is this an ONNX file?')
    : E.right({ ...model.right, graph })
}

/** Reads the bytes of an ONNX file: its graph without calls of functions. */
export const decodeOnnx = (bytes: Uint8Array, file: string): E.Either<readonly ImportProblem[], OnnxModel> =>
  F.pipe(
    decodeModel(bytes, file),
    E.flatMap(model => prepared(model, file)),
  )

/** All names in a graph and in those inside it. */
const takeNames = (graph: GraphProto, taken: Names): void => {
  for (const { name = '' } of [...graph.input, ...graph.initializer]) taken.take(name)
  for (const node of graph.node) {
    for (const name of node.output) taken.take(name)
    for (const { g } of node.attribute) if (g !== undefined) takeNames(g, taken)
  }
}

/** A file that was written from a graph cut into stages. */
const hasGates = ({ producer_name, graph }: ModelProto): boolean =>
  producer_name === 'espalier' && graph?.node.some(node => node.op_type === 'If') === true

const prepared = (model: WholeModel, file: string): E.Either<readonly ImportProblem[], OnnxModel> => {
  const { graph } = model
  if (hasGates(model))
    return refuse(
      'unsupported-op',
      file,
      `an adaptive plan with its gates: ${graph.name}`,
      'a network',
      'compile the network that the file was made of under this plan',
    )
  const metadata = new Map(model.metadata_props.map(({ key = '', value = '' }) => [key, value]))
  if (metadata.has(metadataKey('pixels')))
    return refuse(
      'unsupported-type',
      file,
      'a network with its preprocessing inside, which takes pixels of any size',
      'a network',
      'compile without --with-preprocessing: the file says all the same how images become its input',
    )
  try {
    const opset = opsetOf(model.opset_import)
    if (opset === undefined || opset < opsets.first || opset > opsets.last)
      return refuse(
        'unsupported-version',
        file,
        opset === undefined ? 'no version of the standard operators' : `opset ${opset}`,
        `opset ${opsets.first} to ${opsets.last}`,
        'export again with opset 17, or convert with onnx.version_converter',
      )
    if (graph.sparse_initializer.length > 0)
      return refuse('unsupported-type', file, 'sparse initializers', 'dense ones', 'store the weights densely')
    const taken = names()
    takeNames(graph, taken)
    return E.right({ graph: withoutFunctions(model, graph, opset, taken), opset, metadata, names: taken })
  } catch (cause) {
    if (cause instanceof Refusal) return refuse(cause.tag, file, cause.seen, cause.expected, cause.hint)
    throw cause
  }
}
