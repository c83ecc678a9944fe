import { EspalierError } from '../../ir/index.ts'
import { type Execution, toldFacts } from './execution.ts'
import { withLive } from './live.ts'

/** Whether an executor failed on what it was given, not what it was given on it. */
const isFailure = (error: unknown): boolean =>
  !(error instanceof EspalierError) || error.problems.some(({ tag }) => tag === 'run-failed')

/** The executor to go on with after one has failed, or undefined where there is none left. */
export type Next = (failed: Execution, seen: string) => Promise<Execution | undefined>

/**
 * An executor that is given up for the next as soon as a run of it fails; that run is done again. Its facts are those of
 * the one that runs now. Runs fail with the first error where nothing is left.
 */
export const fallingBack = (first: Execution, next: Next): Execution => {
  let current = first
  let changing: Promise<boolean> = Promise.resolve(true)
  let disposed = false
  const change = (failed: Execution, seen: string): Promise<boolean> => {
    changing = changing.then(async () => {
      if (current !== failed) return true
      const other = await next(failed, seen)
      if (other === undefined) return false
      failed.dispose()
      current = other
      if (disposed) other.dispose()
      return true
    })
    return changing
  }
  const run: Execution['run'] = async (inputs, stage) => {
    const running = current
    try {
      return await running.run(inputs, stage)
    } catch (error) {
      if (disposed || !isFailure(error)) throw error
      if (!(await change(running, (error as Error).message.split('\n')[0])) || disposed) throw error
      return run(inputs, stage)
    }
  }
  const dispose = (): void => {
    disposed = true
    current.dispose()
  }
  return withLive({ run, dispose }, () => current, [...toldFacts, 'compilesBatches', 'inputs'])
}
