/** Where images wait for others to be run with. */
export interface Door {
  /** Resolves once there are enough images for a batch, or the first of them has waited long enough. Rejects with the signal’s reason. */
  readonly wait: (images: number, signal: AbortSignal) => Promise<void>
}

interface Waiting {
  readonly images: number
  readonly go: () => void
}

/** Opens for `batch` images at once, or after `delay` milliseconds. */
export const door = (batch: number, delay: number): Door => {
  let waiting: readonly Waiting[] = []
  let timer: NodeJS.Timeout | undefined
  const open = (): void => {
    clearTimeout(timer)
    timer = undefined
    const all = waiting
    waiting = []
    for (const { go } of all) go()
  }
  const leave = (one: Waiting): void => {
    waiting = waiting.filter(other => other !== one)
    if (waiting.length > 0) return
    clearTimeout(timer)
    timer = undefined
  }
  return {
    wait: (images, signal) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason)
        const giveUp = (): void => {
          leave(one)
          reject(signal.reason)
        }
        const one: Waiting = {
          images,
          go: () => {
            signal.removeEventListener('abort', giveUp)
            resolve()
          },
        }
        signal.addEventListener('abort', giveUp)
        waiting = [...waiting, one]
        if (delay === 0 || waiting.reduce((sum, each) => sum + each.images, 0) >= batch) open()
        else timer ??= setTimeout(open, delay)
      }),
  }
}
