import { EspalierError, isPerExample, problem, shapeOf, sizeOf, type Type } from '../../ir/index.ts'
import { type LowerProblem, shapeProblem } from '../lower/error.ts'

/** Numbers in row-major order; per-example ones with the batch as their first axis. */
export interface Fed {
  readonly shape: readonly number[]
  readonly data: Float32Array
}

/** What was fed for each input, with its whole shape. @throws EspalierError where one is missing or does not fit */
export const takeFed = (
  inputs: ReadonlyMap<string, Type>,
  fed: Readonly<Record<string, Float32Array | undefined>>,
): ReadonlyMap<string, Fed> => {
  const problems: LowerProblem[] = []
  const batches = new Set<number>()
  const values = new Map<string, Fed>()
  for (const [name, type] of inputs) {
    const data = fed[name]
    const shape = shapeOf(type)
    const batch = (data?.length ?? 0) / sizeOf(shape)
    if (data === undefined || !(isPerExample(type) ? Number.isInteger(batch) && batch > 0 : batch === 1)) {
      problems.push(shapeProblem(`input ${name}`, data && [data.length], type))
      continue
    }
    if (isPerExample(type)) batches.add(batch)
    values.set(name, { shape: isPerExample(type) ? [batch, ...shape] : shape, data })
  }
  if (batches.size > 1)
    problems.push(problem('missing-value', 'inputs', `batches of ${[...batches].join(' and ')}`, 'one batch size'))
  if (problems.length > 0) throw new EspalierError(problems)
  return values
}
