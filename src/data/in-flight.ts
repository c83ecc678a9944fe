interface Waiting {
  readonly bytes: number
  readonly start: () => void
}

/**
 * Lets tasks run side by side as long as what they hold at once stays within a budget; one that is larger than the budget runs alone. First come, first served.
 */
export const inFlight = (budget: number): (<A>(bytes: number, task: () => Promise<A>) => Promise<A>) => {
  const queue: Waiting[] = []
  let held = 0
  let running = 0
  const startWhatFits = (): void => {
    while (queue.length > 0 && (running === 0 || held + queue[0].bytes <= budget)) {
      const { bytes, start } = queue.shift() as Waiting
      held += bytes
      running++
      start()
    }
  }
  return async (bytes, task) => {
    await new Promise<void>(start => {
      queue.push({ bytes, start })
      startWhatFits()
    })
    try {
      return await task()
    } finally {
      held -= bytes
      running--
      startWhatFits()
    }
  }
}
