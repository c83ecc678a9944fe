import { either as E } from 'fp-ts'
import { isPerExample, shapeOf, sizeOf } from '../../ir/index.ts'
import { type Choice, choiceOf, readChoice, type Timed, writeChoice } from './choices.ts'
import type { ExecutorProblem } from './error.ts'
import type { Execution } from './execution.ts'
import {
  type Executed,
  type ExecutorName,
  type ExecutorOptions,
  executorIsThere,
  executorRefusal,
  type OpenExecutor,
  openExecutor,
} from './executor.ts'

/** Likely ones first: what comes later is given up as soon as it is clearly slower. */
const candidates: readonly ExecutorName[] = ['graph', 'openvino', 'onnx', 'eager', 'xla']

/**
 * XLA compiles for seconds and won only where TensorFlow's graph takes less than this: PreAct ResNet-110 at batch 1
 * (5.9 against 10.5 ms), and neither ResNet-18 at 1 (23 against 18) nor anything larger.
 */
const xlaBelowMilliseconds = 16

const rounds = 5
/** Of one candidate, after its first run. */
const mostMilliseconds = 1500
/** A first run that takes this many times the best is not repeated. */
const hopeless = 4

/** A batch of blank inputs. */
export const blank = ({ inputs }: Execution, batch: number): Readonly<Record<string, Float32Array>> =>
  Object.fromEntries(
    [...inputs].map(([name, type]) => [
      name,
      new Float32Array(sizeOf(shapeOf(type)) * (isPerExample(type) ? batch : 1)),
    ]),
  )

/** The shortest time of a batch in a few runs, after one that compiles and allocates. */
const time = async (execution: Execution, batch: number, best: number): Promise<number> => {
  const inputs = blank(execution, batch)
  const once = async (): Promise<number> => {
    const begun = performance.now()
    await execution.run(inputs)
    return performance.now() - begun
  }
  await once()
  let fastest = await once()
  let spent = fastest
  for (let round = 1; round < rounds && spent < mostMilliseconds && fastest < hopeless * best; round++) {
    const milliseconds = await once()
    fastest = Math.min(fastest, milliseconds)
    spent += milliseconds
  }
  return fastest
}

export interface ChosenExecutor {
  readonly opened: OpenExecutor
  /** What else was tried, now or when the choice was made. */
  readonly tried: readonly Timed[]
  /** Whether an earlier choice was taken. */
  readonly remembered: boolean
}

const race = async (
  executed: Executed,
  batch: number,
  options: ExecutorOptions,
  able: readonly ExecutorName[],
): Promise<E.Either<ExecutorProblem, ChosenExecutor>> => {
  const tried: Timed[] = []
  let best: { readonly opened: OpenExecutor; readonly milliseconds: number } | undefined
  let problem: ExecutorProblem | undefined
  for (const executor of able) {
    if (executor === 'xla' && (best?.milliseconds ?? 0) > xlaBelowMilliseconds) {
      tried.push({ executor, reason: `not tried over ${xlaBelowMilliseconds} ms a batch` })
      continue
    }
    const opened = await openExecutor(executor, executed, options)
    if (E.isLeft(opened)) {
      problem ??= opened.left
      tried.push({ executor, reason: opened.left.seen, absent: !(await executorIsThere(executor, options)) })
      continue
    }
    const milliseconds = await time(opened.right, batch, best?.milliseconds ?? Number.POSITIVE_INFINITY)
    tried.push({ executor, milliseconds })
    const better = best === undefined || milliseconds < best.milliseconds
    ;(better ? best?.opened : opened.right)?.dispose()
    if (better) best = { opened: opened.right, milliseconds }
  }
  if (best === undefined) return E.left(problem as ExecutorProblem)
  return E.right({ opened: best.opened, tried, remembered: false })
}

/** Whether an executor that could not be timed then is there now. */
const isOutdated = async ({ tried }: Choice, options: ExecutorOptions): Promise<boolean> => {
  for (const { executor, absent } of tried)
    if (absent === true && (await executorIsThere(executor, options))) return true
  return false
}

/**
 * The executor that runs a batch of this graph fastest here: each that there is is timed once on blank images, and the
 * choice kept in the user's cache; where there is but one, it is. Left: none runs it.
 */
export const chooseExecutor = async (
  executed: Executed,
  batch: number,
  options: ExecutorOptions,
): Promise<E.Either<ExecutorProblem, ChosenExecutor>> => {
  const able = candidates.filter(executor => executorRefusal(executor, options) === undefined)
  if (able.length === 1)
    return E.map((opened: OpenExecutor): ChosenExecutor => ({ opened, tried: [], remembered: false }))(
      await openExecutor(able[0], executed, options),
    )
  const remembered = await readChoice(executed, batch, options)
  if (remembered !== undefined && !(await isOutdated(remembered, options))) {
    const opened = await openExecutor(remembered.executor, executed, options)
    if (E.isRight(opened)) return E.right({ opened: opened.right, tried: remembered.tried, remembered: true })
  }
  const chosen = await race(executed, batch, options, able)
  if (E.isRight(chosen))
    await writeChoice(executed, batch, options, choiceOf(chosen.right.opened.executor, chosen.right.tried))
  return chosen
}
