import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { cacheFolder } from './native/layout.ts'

/** Where the executors that `auto` chose are kept, a file each. */
export const choicesFolder = (cache = cacheFolder()): string => join(cache, 'executors')

const choiceName = /^[0-9a-f]{32}\.json$/

/** How many choices are kept, and when the oldest and the newest was made. */
export interface KeptChoices {
  readonly folder: string
  readonly count: number
  readonly oldest?: Date
  readonly newest?: Date
}

const choicePaths = async (folder: string): Promise<readonly string[]> => {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  return names.filter(name => choiceName.test(name)).map(name => join(folder, name))
}

const summary = (folder: string, made: readonly number[]): KeptChoices => ({
  folder,
  count: made.length,
  ...(made.length === 0
    ? {}
    : {
        oldest: new Date(made.reduce((a, b) => Math.min(a, b))),
        newest: new Date(made.reduce((a, b) => Math.max(a, b))),
      }),
})

const madeAt = async (path: string): Promise<readonly number[]> =>
  stat(path).then(
    ({ mtimeMs }) => [mtimeMs],
    () => [],
  )

export const keptChoices = async (cache = cacheFolder()): Promise<KeptChoices> => {
  const folder = choicesFolder(cache)
  const paths = await choicePaths(folder).catch(() => [])
  return summary(folder, (await Promise.all(paths.map(madeAt))).flat())
}

/** Removes every choice that is kept; gives what there was. @throws Error where one cannot be removed */
export const forgetChoices = async (cache = cacheFolder()): Promise<KeptChoices> => {
  const folder = choicesFolder(cache)
  const made: number[] = []
  for (const path of await choicePaths(folder)) {
    made.push(...(await madeAt(path)))
    await rm(path, { force: true })
  }
  return summary(folder, made)
}

const units = [
  [86_400_000, 'day'],
  [3_600_000, 'hour'],
  [60_000, 'minute'],
] as const

const age = (made: Date, now: number): string => {
  const milliseconds = Math.max(0, now - made.getTime())
  for (const [size, unit] of units) {
    const count = Math.floor(milliseconds / size)
    if (count > 0) return `${count} ${unit}${count === 1 ? '' : 's'}`
  }
  return 'under a minute'
}

/** `3 choices, 2 hours to 4 days old`. */
export const describeChoices = ({ count, oldest, newest }: KeptChoices, now = Date.now()): string => {
  if (oldest === undefined || newest === undefined) return 'none'
  const [least, most] = [age(newest, now), age(oldest, now)]
  return `${count} choice${count === 1 ? '' : 's'}, ${least === most ? most : `${least} to ${most}`} old`
}
