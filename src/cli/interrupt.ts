const signals = ['SIGINT', 'SIGTERM'] as const

/** Runs a task with a signal that the first Ctrl-C (or SIGTERM) aborts; the second ends the process. */
export const untilInterrupted = async <A>(task: (signal: AbortSignal) => Promise<A>): Promise<A> => {
  const interrupt = new AbortController()
  const stop = (): void => {
    forget()
    interrupt.abort()
  }
  const forget = (): void => {
    for (const name of signals) process.off(name, stop)
  }
  for (const name of signals) process.on(name, stop)
  try {
    return await task(interrupt.signal)
  } finally {
    forget()
  }
}
