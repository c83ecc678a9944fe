import { Session } from 'node:inspector/promises'

/**
 * How often parts of the sources ran, loops' bodies and branches each counted, in a run: the same on every machine and
 * under any load. What the platform's own functions do inside is not counted, the callbacks that they call are.
 */
export const countedWork = async (run: () => unknown): Promise<number> => {
  const session = new Session()
  session.connect()
  try {
    await session.post('Profiler.enable')
    await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
    await run()
    const { result } = await session.post('Profiler.takePreciseCoverage')
    await session.post('Profiler.stopPreciseCoverage')
    return result
      .filter(({ url }) => /\/(ir|passes|src)\/[^:]*\.ts$/.test(url))
      .flatMap(({ functions }) => functions.flatMap(({ ranges }) => ranges))
      .reduce((n, { count }) => n + count, 0)
  } finally {
    session.disconnect()
  }
}

/** How many times the work of a small problem one of twice its size takes: 2 where it is linear. */
export const growth = async (small: () => unknown, twice: () => unknown): Promise<number> => {
  const [a, b] = [await countedWork(small), await countedWork(twice)]
  if (a < 1000) throw new Error(`only ${a} steps counted`)
  return b / a
}
