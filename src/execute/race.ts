import { medianOf } from '../base/statistics.ts'

const leastRounds = 9
const mostRounds = 25
/** Rounds over the least are run while a race takes less than this. */
const secondsEach = 20

/** Threads of the runtime that ran before spin for a while; they are not to slow the next one. */
const pauseMilliseconds = 25
/** Before it is timed, a run that takes less than this is made once more: others have had the caches since. */
const warmedBelowMilliseconds = 150

/** What tells the time, in milliseconds, and lets it pass. */
export interface Clock {
  readonly now: () => number
  readonly rest: (milliseconds: number) => Promise<void>
}

export const machineClock: Clock = {
  now: () => performance.now(),
  rest: milliseconds => new Promise(resolve => setTimeout(resolve, milliseconds)),
}

export interface Racer {
  readonly run: () => Promise<unknown>
}

/** How long a race is, and who leaves it early. */
export interface Course {
  readonly rounds: number
  readonly seconds: number
  readonly least?: number
  /** Who was never, in two rounds or more, under this many times the shortest time of all runs no more. */
  readonly hopeless?: number
  /** What each has just taken for a run: they are warm already. */
  readonly warmed?: readonly number[]
  /** Told whose run failed: it runs no more. Where there is none, the race fails. */
  readonly onFailure?: (racer: number, error: unknown) => void
  readonly clock?: Clock
}

const warmUp = async (racers: readonly Racer[], { now }: Clock): Promise<readonly number[]> => {
  const times: number[] = []
  for (const { run } of racers) {
    const started = now()
    await run()
    times.push(now() - started)
  }
  return times
}

/** Times of each racer, round by round: they take turns, each round beginning with another, so that what else the machine does slows all alike. */
export const race = async (
  racers: readonly Racer[],
  course: Course = { rounds: mostRounds, seconds: secondsEach },
): Promise<readonly (readonly number[])[]> => {
  const { least = leastRounds, hopeless = Number.POSITIVE_INFINITY, onFailure, clock = machineClock } = course
  const times: number[][] = racers.map(() => [])
  const last = [...(course.warmed ?? (await warmUp(racers, clock)))]
  const failed = new Set<number>()
  const shortest = (): number => Math.min(...times.filter((_, racer) => !failed.has(racer)).flat())
  const runs = (racer: number): boolean =>
    !failed.has(racer) && (times[racer].length < 2 || Math.min(...times[racer]) <= hopeless * shortest())
  const turn = async (racer: number): Promise<void> => {
    const { run } = racers[racer]
    await clock.rest(pauseMilliseconds)
    if (last[racer] < warmedBelowMilliseconds) await run()
    const started = clock.now()
    await run()
    last[racer] = clock.now() - started
    times[racer].push(last[racer])
  }
  const begun = clock.now()
  for (let round = 0; round < course.rounds; round++) {
    if (round >= least && clock.now() - begun > 1000 * course.seconds) break
    for (let k = 0; k < racers.length; k++) {
      const racer = (round + k) % racers.length
      if (!runs(racer)) continue
      try {
        await turn(racer)
      } catch (error) {
        if (onFailure === undefined) throw error
        failed.add(racer)
        onFailure(racer, error)
      }
    }
  }
  return times
}

/** The median of the rounds' ratios. */
export const ratios = (times: readonly number[], to: readonly number[]): number =>
  medianOf(times.map((time, k) => time / to[k]))

/** Times of one thing in milliseconds. */
export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

export const spreadOf = (times: readonly number[]): Spread => ({
  median: medianOf(times),
  min: Math.min(...times),
  max: Math.max(...times),
})
