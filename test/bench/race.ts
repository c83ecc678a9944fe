import { median } from './environment.ts'

const leastRounds = 9
const mostRounds = 25
/** Rounds over the least are run while a race takes less than this. */
const secondsEach = 20

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
      const started = performance.now()
      await racers[at].run()
      times[at].push(performance.now() - started)
    }
  }
  return times
}

/** The median of the rounds' ratios. */
export const ratios = (times: readonly number[], to: readonly number[]): number =>
  median(times.map((time, k) => time / to[k]))
