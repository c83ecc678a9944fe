import { EspalierError, problem } from '../../ir/index.ts'

/** Runs of something that is freed once, after the last run that is under way. */
export interface Lifetime {
  /** @throws EspalierError once it is disposed of */
  readonly during: <A>(run: () => Promise<A>) => Promise<A>
  readonly dispose: () => void
}

export const lifetime = (name: string, free: () => void): Lifetime => {
  let underWay = 0
  let disposed = false
  let freed = false
  const freeWhenIdle = (): void => {
    if (!disposed || freed || underWay > 0) return
    freed = true
    free()
  }
  return {
    during: async run => {
      if (disposed)
        throw new EspalierError([problem('disposed', name, 'a run after dispose()', 'no run after it')], 'failure')
      underWay++
      try {
        return await run()
      } finally {
        underWay--
        freeWhenIdle()
      }
    },
    dispose: () => {
      disposed = true
      freeWhenIdle()
    },
  }
}
