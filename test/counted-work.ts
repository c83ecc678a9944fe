import { Session } from 'node:inspector'

/** Whether this process runs with the switches of the Vitest project `counted`, without which no count is exact. */
const exact = process.execArgv.includes('--no-opt')

const session = new Session()

/** What the profiler of this thread answers, at once. */
const ask = (method: string, settings: object = {}): unknown => {
  let answer: unknown
  session.post(method, settings, (problem, result) => {
    if (problem !== null) throw new Error(problem.message)
    answer = result
  })
  return answer
}

interface Coverage {
  readonly result: readonly {
    readonly url: string
    readonly functions: readonly { readonly ranges: readonly { readonly count: number }[] }[]
  }[]
}

const rooms = ['ir', 'passes', 'src'].map(room => new URL(`../${room}/`, import.meta.url).href)

/** How often parts of the sources ran since this was last asked. */
const ran = (): number =>
  (ask('Profiler.takePreciseCoverage') as Coverage).result
    .filter(({ url }) => rooms.some(room => url.startsWith(room)))
    .flatMap(({ functions }) => functions.flatMap(({ ranges }) => ranges))
    .reduce((n, { count }) => n + count, 0)

// As a set-up file, before the sources are compiled: what is compiled earlier has no counters of loops and branches.
if (exact) {
  session.connect()
  ask('Profiler.enable')
  ask('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
}

/**
 * How often parts of the sources ran, loops' bodies and branches each counted, in a run: the same on every machine and
 * under any load, since nothing else runs in its process. What the platform's own functions do inside is not counted, the
 * callbacks that they call are. @throws Error outside of the Vitest project `counted`
 */
export const countedWork = async (run: () => unknown): Promise<number> => {
  if (!exact) throw new Error('only the Vitest project `counted` can count')
  ran()
  await run()
  return ran()
}

/** How many times the work of a problem one of four times its size takes: 4 where it is linear, 16 where it is quadratic. */
export const growth = async (problem: (size: number) => () => unknown, size: number): Promise<number> => {
  const small = problem(size)
  // What is done once only, by whoever comes first, is not counted.
  await small()
  const [once, fourTimes] = [await countedWork(small), await countedWork(problem(4 * size))]
  if (once < 1000) throw new Error(`only ${once} steps counted`)
  return fourTimes / once
}

/** Above what is linear with a constant part, and far below what is quadratic, even in a part of a twelfth. */
export const linear = 5
