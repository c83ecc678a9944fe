import { EspalierError, problem } from '../../ir/index.ts'

/** Runs of something that is freed once, after the last run that is under way. */
export interface Lifetime {
  /** @throws EspalierError once it is disposed of */
  readonly during: <A>(run: () => Promise<A>) => Promise<A>
  readonly dispose: () => void
  /** Resolves once it is freed. */
  readonly freed: Promise<void>
}

const afterDispose = (name: string): EspalierError =>
  new EspalierError([problem('disposed', name, 'a run after dispose()', 'no run after it')], 'failure')

/** `refusal` is what a run is told after `dispose`. */
export const lifetime = (
  name: string,
  free: () => void | Promise<void>,
  refusal = () => afterDispose(name),
): Lifetime => {
  let underWay = 0
  let disposed = false
  let done: (() => void) | undefined
  const freed = new Promise<void>(resolve => {
    done = resolve
  })
  const freeWhenIdle = (): void => {
    if (!disposed || done === undefined || underWay > 0) return
    void Promise.resolve(free()).then(done)
    done = undefined
  }
  return {
    during: async run => {
      if (disposed) throw refusal()
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
    freed,
  }
}
