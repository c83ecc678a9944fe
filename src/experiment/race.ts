const leastRounds = 9
const mostRounds = 25
/** Rounds over the least are run while a race takes less than this. */
const secondsEach = 20

/** Threads of the runtime that ran before spin for a while; they are not to slow the next one. */
const pauseMilliseconds = 25
/** Before it is timed, a run that takes less than this is made once more: others have had the caches since. */
const warmedBelowMilliseconds = 150

interface Racer {
  readonly run: () => Promise<unknown>
}

/** Times of each racer, round by round: they take turns, each round beginning with another, so that what else the machine does slows all alike. */
export const race = async (
  racers: readonly Racer[],
  most: { readonly rounds: number; readonly seconds: number } = { rounds: mostRounds, seconds: secondsEach },
): Promise<readonly (readonly number[])[]> => {
  const times: number[][] = racers.map(() => [])
  for (const racer of racers) await racer.run()
  const begun = performance.now()
  for (let round = 0; round < most.rounds; round++) {
    if (round >= leastRounds && performance.now() - begun > 1000 * most.seconds) break
    for (let k = 0; k < racers.length; k++) {
      const at = (round + k) % racers.length
      await new Promise(resolve => setTimeout(resolve, pauseMilliseconds))
      if ((times[at].at(-1) ?? 0) < warmedBelowMilliseconds) await racers[at].run()
      const started = performance.now()
      await racers[at].run()
      times[at].push(performance.now() - started)
    }
  }
  return times
}

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/** The median of the rounds' ratios. */
export const ratios = (times: readonly number[], to: readonly number[]): number =>
  median(times.map((time, k) => time / to[k]))
