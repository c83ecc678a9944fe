import { readFile, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { either as E, function as F, taskEither as TE } from 'fp-ts'
import { problem } from '../../../../ir/error.ts'
import type { Pair } from '../../../../ir/op.ts'
import { type Network, type NetworkProblem, networkOf } from '../../network.ts'
import type { SaidOutput } from '../../said-outputs.ts'
import type { ImportProblem } from '../error.ts'
import { alignedInPlace } from './aligned.ts'
import { type Constant, readTensor } from './constant.ts'
import { decodeOnnx, type OnnxModel } from './decode.ts'
import { isExternal, readExternal } from './external.ts'
import { type Translated, translate } from './translate.ts'

export interface OnnxOptions {
  /** Height and width of the images, for a file that leaves them open. */
  readonly size?: Pair | undefined
  /** What its outputs are, where it does not show. */
  readonly answers?: readonly SaidOutput[] | undefined
}

/** Protobuf's own bound. */
const bytesAtMost = 2 ** 31

const readBytes = async (path: string): Promise<Uint8Array> => {
  const info = await stat(path)
  // A device or a pipe has no length to bound.
  if (!info.isFile()) throw new Error('something that is not a file')
  if (info.size >= bytesAtMost) throw new RangeError(`${info.size} bytes`)
  return readFile(path)
}

const readProblem = (path: string, cause: unknown): ImportProblem => {
  const code = (cause as NodeJS.ErrnoException).code
  const message = cause instanceof Error ? cause.message : String(cause)
  if (code === 'ENOENT' || code === 'ENOTDIR') return problem('missing-file', path, 'no such file', 'an ONNX file')
  return cause instanceof RangeError
    ? problem('too-large', path, message, `under ${bytesAtMost}`)
    : problem('unreadable-file', path, message, 'a readable file')
}

/** The tensors that a file brings along, and how many bytes of them lie outside it. */
interface Initializers {
  readonly constants: ReadonlyMap<string, Constant>
  readonly outside: number
}

const readInitializers = async (
  model: OnnxModel,
  file: Uint8Array,
  path: string,
): Promise<E.Either<readonly ImportProblem[], Initializers>> => {
  const problems: ImportProblem[] = []
  const constants = new Map<string, Constant>()
  let outside = 0
  for (const proto of model.graph.initializer) {
    const name = proto.name ?? ''
    const where = `${path}, initializer ${name}`
    const bytes = isExternal(proto)
      ? await readExternal(proto, path, where, bytesAtMost - outside)
      : E.right(proto.raw_data === undefined ? undefined : alignedInPlace(proto.raw_data, file))
    if (isExternal(proto) && E.isRight(bytes)) outside += bytes.right?.length ?? 0
    const read = F.pipe(
      bytes,
      E.flatMap(data => readTensor(proto, name, where, data)),
    )
    if (E.isLeft(read)) problems.push(read.left)
    else constants.set(name, read.right)
  }
  return problems.length > 0 ? E.left(problems) : E.right({ constants, outside })
}

/** An ONNX file as it was read, to be translated at any size that it leaves open. */
export interface OnnxFile extends Initializers {
  readonly path: string
  /** Of the file itself. */
  readonly bytes: number
  readonly model: OnnxModel
}

/** Reads an ONNX file, and the tensors that it keeps outside. */
export const readOnnxFile = (path: string): TE.TaskEither<readonly ImportProblem[], OnnxFile> =>
  F.pipe(
    TE.tryCatch(
      () => readBytes(path),
      (cause): readonly ImportProblem[] => [readProblem(path, cause)],
    ),
    TE.flatMap(bytes =>
      F.pipe(
        TE.fromEither(decodeOnnx(bytes, path)),
        TE.flatMap(model =>
          F.pipe(
            () => readInitializers(model, bytes, path),
            TE.map(initializers => ({ path, bytes: bytes.length, model, ...initializers })),
          ),
        ),
      ),
    ),
  )

const translated = (
  { path, bytes, model, constants, outside }: OnnxFile,
  { size }: OnnxOptions,
): E.Either<readonly ImportProblem[], Translated> =>
  translate(model, { file: path, bytes: bytes + outside, initializers: constants, size })

/** What an ONNX file computes, as it says it: any outputs. See {@link importOnnx}. */
export const readOnnx = (
  path: string,
  options: OnnxOptions = {},
): TE.TaskEither<readonly ImportProblem[], Translated> =>
  F.pipe(
    readOnnxFile(path),
    TE.flatMapEither(file => translated(file, options)),
  )

/** The network of a file that was read. See {@link importOnnx}. */
export const onnxNetwork = (
  file: OnnxFile,
  options: OnnxOptions = {},
): E.Either<readonly (ImportProblem | NetworkProblem)[], Network> =>
  F.pipe(
    translated(file, options),
    E.flatMap(
      ({
        graph,
        parameters,
        fixed,
        channelsFirst,
        argmax,
      }): E.Either<readonly (ImportProblem | NetworkProblem)[], Network> =>
        F.pipe(
          networkOf(basename(file.path, '.onnx'), graph, parameters, { answers: options.answers, argmax }),
          E.map(
            (network): Network => ({
              ...network,
              ...(fixed.size === 0 ? {} : { fixed }),
              ...(channelsFirst ? { layout: 'nchw' } : {}),
              ...(file.model.metadata.size === 0 ? {} : { metadata: file.model.metadata }),
            }),
          ),
        ),
    ),
  )

/**
 * Reads a network from an ONNX file of opset 9 to 25: `[n, c, h, w]` becomes maps `[h, w, c]`, filters and matrices
 * are stored as the IR has them, under their initializers' names. All that is unsupported is named at once.
 */
export const importOnnx = (
  path: string,
  options: OnnxOptions = {},
): TE.TaskEither<readonly (ImportProblem | NetworkProblem)[], Network> =>
  F.pipe(
    readOnnxFile(path),
    TE.flatMapEither(file => onnxNetwork(file, options)),
  )
