import { either as E } from 'fp-ts'
import { EspalierError, isPerExample, problem, shapeOf, sizeOf, type Tensor, type Type } from '../../ir/index.ts'
import { type LowerProblem, shapeProblem } from '../lower/tfjs/error.ts'
import type { RuntimeProblem } from '../runtime/error.ts'

/** A value as a file of ONNX has it: the channels of maps come before their rows, `[n, c, h, w]`. */
export interface OnnxValue {
  readonly shape: readonly number[]
  readonly data: Float32Array
}

/** Every example's `[rows, columns]` as `[columns, rows]`. */
const transposed = (data: Float32Array, examples: number, rows: number, columns: number): Float32Array => {
  const out = new Float32Array(data.length)
  for (let n = 0; n < examples; n++) {
    const start = n * rows * columns
    for (let column = 0; column < columns; column++)
      for (let row = 0, to = start + column * rows, from = start + column; row < rows; row++, from += columns)
        out[to + row] = data[from]
  }
  return out
}

const channelsFirst = (type: Type, batch: number, data: Float32Array): OnnxValue => {
  if (type.kind === 'Map') {
    const { h, w, c } = type
    return { shape: [batch, c, h, w], data: transposed(data, batch, h * w, c) }
  }
  return { shape: isPerExample(type) ? [batch, ...shapeOf(type)] : shapeOf(type), data }
}

/** That a loaded graph takes what it is said to take. */
export const checkInputNames = (
  where: string,
  taken: readonly string[],
  inputs: ReadonlyMap<string, Type>,
): E.Either<RuntimeProblem, readonly string[]> =>
  taken.length === inputs.size && taken.every(name => inputs.has(name))
    ? E.right(taken)
    : E.left(problem('bad-model', where, `inputs ${taken.join(', ')}`, `inputs ${[...inputs.keys()].join(', ')}`))

/** An output of a graph from what ONNX gives for it. */
export const fromOnnx = ({ shape, data }: OnnxValue, type: Type | undefined): Tensor => {
  if (type?.kind !== 'Map') return { shape, data }
  const { h, w, c } = type
  return { shape: [shape[0], h, w, c], data: transposed(data, shape[0], c, h * w) }
}

/** What was fed, for each input. @throws EspalierError where one is missing or does not fit */
export const toOnnx = (
  inputs: ReadonlyMap<string, Type>,
  fed: Readonly<Record<string, Float32Array | undefined>>,
): ReadonlyMap<string, OnnxValue> => {
  const problems: LowerProblem[] = []
  const batches = new Set<number>()
  const values = new Map<string, OnnxValue>()
  for (const [name, type] of inputs) {
    const data = fed[name]
    const batch = (data?.length ?? 0) / sizeOf(shapeOf(type))
    if (data === undefined || !(isPerExample(type) ? Number.isInteger(batch) && batch > 0 : batch === 1)) {
      problems.push(shapeProblem(`input ${name}`, data && [data.length], type))
      continue
    }
    if (isPerExample(type)) batches.add(batch)
    values.set(name, channelsFirst(type, batch, data))
  }
  if (batches.size > 1)
    problems.push(problem('missing-value', 'inputs', `batches of ${[...batches].join(' and ')}`, 'one batch size'))
  if (problems.length > 0) throw new EspalierError(problems)
  return values
}
