import { either as E } from 'fp-ts'
import { type Choice, choiceOf, readChoice, type Timed, usualOf, writeChoice } from './choices.ts'
import { candidates, compete, type Task, thisMachine } from './compete.ts'
import type { ExecutorProblem } from './error.ts'
import type { Executed, Execution } from './execution.ts'
import { type ExecutorOptions, executorRefusal } from './executor.ts'
import { fallingBack, type Next } from './fall-back.ts'
import { watched } from './watch.ts'

export interface ChosenExecutor {
  readonly opened: Execution
  /** What else was tried, now or when the choice was made. */
  readonly tried: readonly Timed[]
  /** Whether an earlier choice was taken. */
  readonly remembered: boolean
}

/** Whether batches took another time since, or an executor that could not be timed then is there now. */
const isOutdated = async ({ tried, drifted }: Choice, { options, machine }: Task): Promise<boolean> => {
  if (drifted !== undefined) return true
  for (const { executor, absent } of tried)
    if (absent === true && (await machine.isThere(executor, options))) return true
  return false
}

/**
 * The executor of a choice, timed as it runs: where it drifts from what it took, the next opening is to choose anew. Of stages, which are not run one
 * after another as they were timed, none.
 */
const keptAnEyeOn = (opened: Execution, choice: Choice, { executed, batch, options, machine }: Task): Execution => {
  const usual = usualOf(choice, batch)
  if (usual === undefined || executed.later !== undefined) return opened
  const { executor } = opened
  return watched(opened, { ...usual, batch }, machine.clock, async milliseconds => {
    await writeChoice(executed, batch, options, { ...choice, drifted: milliseconds })
    const [taken, least, most] = [milliseconds, usual.min, usual.max].map(number => number.toPrecision(3))
    options.note?.(
      `Executor ${executor} takes ${taken} ms a batch; it took ${least} to ${most} before: auto chooses anew at the next opening.`,
    )
  })
}

const choose = async (task: Task): Promise<E.Either<readonly ExecutorProblem[], ChosenExecutor>> => {
  const { executed, batch, options, machine } = task
  const able = candidates.filter(executor => executorRefusal(executor, options) === undefined)
  if (able.length === 1)
    return E.map((opened: Execution): ChosenExecutor => ({ opened, tried: [], remembered: false }))(
      await machine.open(able[0], executed, options),
    )
  const earlier = await readChoice(executed, batch, options)
  if (earlier !== undefined && !(await isOutdated(earlier, task))) {
    const opened = await machine.open(earlier.executor, executed, options)
    if (E.isRight(opened))
      return E.right({ opened: keptAnEyeOn(opened.right, earlier, task), tried: earlier.tried, remembered: true })
  }
  const chosen = await compete(task, able)
  if (E.isLeft(chosen)) return chosen
  const { opened, tried } = chosen.right
  const choice = choiceOf(opened.executor, tried, earlier)
  await writeChoice(executed, batch, options, choice)
  return E.right({ opened: keptAnEyeOn(opened, choice, task), tried, remembered: false })
}

/** After a failing run: of those that ran when the choice was made, the fastest not yet given up. */
const nextOf = ({ executed, batch, options, machine }: Task, chosen: ChosenExecutor): Next => {
  let left = chosen.tried
  return async (failed, seen) => {
    const known = left.filter(({ executor }) => executor !== failed.executor)
    const reason = `fails: ${seen}`
    left = [...known, { executor: failed.executor, reason, notable: true }]
    const able = known.filter(({ milliseconds, wrong }) => milliseconds !== undefined && wrong !== true)
    for (const { executor } of able.toSorted((a, b) => (a.milliseconds ?? 0) - (b.milliseconds ?? 0))) {
      const opened = await machine.open(executor, executed, options)
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
 * all that there are run the same numbers in turns, and the choice is kept in the user's cache, until batches take much
 * more or much less than they took then; where there is but one, it is. One that fails in a later run is given up for the
 * next. Left: none runs it.
 */
export const chooseExecutor = async (
  executed: Executed,
  batch: number,
  options: ExecutorOptions,
  machine = thisMachine,
): Promise<E.Either<readonly ExecutorProblem[], ChosenExecutor>> => {
  const task = { executed, batch, options, machine }
  return E.map((chosen: ChosenExecutor) => ({
    ...chosen,
    opened: fallingBack(chosen.opened, nextOf(task, chosen)),
  }))(await choose(task))
}
