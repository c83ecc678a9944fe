import { either as E } from 'fp-ts'
import { type Fed, type Outputs, sampleOf } from './agreement.ts'
import { type Choice, choiceOf, readChoice, type Timed, writeChoice } from './choices.ts'
import { type ExecutorProblem, executorProblem } from './error.ts'
import type { Executed, Execution } from './execution.ts'
import {
  type ExecutorName,
  type ExecutorOptions,
  executorIsThere,
  executorRefusal,
  type OpenExecutor,
  openExecutor,
} from './executor.ts'
import { fallingBack, type Next } from './fall-back.ts'
import { type Entrant, judged } from './judge.ts'

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

/** The shortest time of a batch in a few runs, after one that compiles and allocates; and what that gave. */
const time = async (
  execution: Execution,
  inputs: Fed,
  best: number,
): Promise<{ readonly milliseconds: number; readonly outputs: Outputs }> => {
  const once = async (): Promise<number> => {
    const begun = performance.now()
    await execution.run(inputs)
    return performance.now() - begun
  }
  const outputs = await execution.run(inputs)
  let fastest = await once()
  let spent = fastest
  for (let round = 1; round < rounds && spent < mostMilliseconds && fastest < hopeless * best; round++) {
    const milliseconds = await once()
    fastest = Math.min(fastest, milliseconds)
    spent += milliseconds
  }
  return { milliseconds: fastest, outputs }
}

export interface ChosenExecutor {
  readonly opened: OpenExecutor
  /** What else was tried, now or when the choice was made. */
  readonly tried: readonly Timed[]
  /** Whether an earlier choice was taken. */
  readonly remembered: boolean
}

/** Opens each executor and times it; gives those that ran, and of the others why not. */
const race = async (executed: Executed, batch: number, options: ExecutorOptions, able: readonly ExecutorName[]) => {
  const tried: Timed[] = []
  const entrants: Entrant[] = []
  let best: { readonly opened: OpenExecutor; readonly milliseconds: number } | undefined
  let problem: ExecutorProblem | undefined
  for (const executor of able) {
    if (executor === 'xla' && (best?.milliseconds ?? 0) > xlaBelowMilliseconds) {
      tried.push({ executor, reason: `not tried over ${xlaBelowMilliseconds} ms a batch` })
      continue
    }
    const opened = await openExecutor(executor, executed, options)
    if (E.isLeft(opened)) {
      const absent = !(await executorIsThere(executor, options))
      problem ??= opened.left
      tried.push({ executor, reason: opened.left.seen, absent, notable: !absent })
      continue
    }
    try {
      const ran = await time(
        opened.right,
        sampleOf(opened.right, batch),
        best?.milliseconds ?? Number.POSITIVE_INFINITY,
      )
      entrants.push({ executor, ...ran })
      const better = best === undefined || ran.milliseconds < best.milliseconds
      ;(better ? best?.opened : opened.right)?.dispose()
      if (better) best = { opened: opened.right, milliseconds: ran.milliseconds }
    } catch (error) {
      const [seen] = (error as Error).message.split('\n')
      problem ??= executorProblem('executor-fails', executor, seen, 'a graph that it runs')
      tried.push({ executor, reason: `fails: ${seen}`, notable: true })
      opened.right.dispose()
    }
  }
  return { tried, entrants, fastest: best?.opened, problem }
}

const compete = async (
  executed: Executed,
  batch: number,
  options: ExecutorOptions,
  able: readonly ExecutorName[],
): Promise<E.Either<ExecutorProblem, ChosenExecutor>> => {
  const { tried, entrants, fastest, problem } = await race(executed, batch, options, able)
  if (fastest === undefined) return E.left(problem as ExecutorProblem)
  const timed = judged(executed, batch, options.precision, entrants)
  const taken = timed.find(({ wrong }) => wrong !== true) ?? timed[0]
  const all = [...timed, ...tried]
  if (taken.executor === fastest.executor) return E.right({ opened: fastest, tried: all, remembered: false })
  fastest.dispose()
  const opened = await openExecutor(taken.executor, executed, options)
  return E.map((opened: OpenExecutor): ChosenExecutor => ({ opened, tried: all, remembered: false }))(opened)
}

/** Whether an executor that could not be timed then is there now. */
const isOutdated = async ({ tried }: Choice, options: ExecutorOptions): Promise<boolean> => {
  for (const { executor, absent } of tried)
    if (absent === true && (await executorIsThere(executor, options))) return true
  return false
}

const choose = async (
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
  const chosen = await compete(executed, batch, options, able)
  if (E.isRight(chosen))
    await writeChoice(executed, batch, options, choiceOf(chosen.right.opened.executor, chosen.right.tried))
  return chosen
}

/** After a failing run: of those that ran when the choice was made, the fastest not yet given up. */
const nextOf = (executed: Executed, batch: number, options: ExecutorOptions, chosen: ChosenExecutor): Next => {
  let left = chosen.tried
  return async (failed, seen) => {
    const known = left.filter(({ executor }) => executor !== failed.executor)
    const reason = `fails: ${seen}`
    left = [...known, { executor: failed.executor, reason, notable: true }]
    const able = known.filter(({ milliseconds, wrong }) => milliseconds !== undefined && wrong !== true)
    for (const { executor } of able.toSorted((a, b) => (a.milliseconds ?? 0) - (b.milliseconds ?? 0))) {
      const opened = await openExecutor(executor, executed, options)
      if (E.isLeft(opened)) continue
      options.note?.(`Executor ${failed.executor} ${reason}; going on with ${executor}.`)
      await writeChoice(executed, batch, options, choiceOf(executor, left))
      return opened.right
    }
    return undefined
  }
}

/**
 * The executor that runs a batch of this graph fastest here and gives the answers that another one or the evaluator gives:
 * each that there is is timed once on the same numbers, and the choice kept in the user's cache; where there is but one,
 * it is. One that fails in a later run is given up for the next. Left: none runs it.
 */
export const chooseExecutor = async (
  executed: Executed,
  batch: number,
  options: ExecutorOptions,
): Promise<E.Either<ExecutorProblem, ChosenExecutor>> =>
  E.map((chosen: ChosenExecutor) => ({
    ...chosen,
    opened: fallingBack(chosen.opened, nextOf(executed, batch, options, chosen)),
  }))(await choose(executed, batch, options))
