import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { EspalierError } from '../../../ir/index.ts'
import { doctorCommand } from '../../../src/cli/doctor.ts'
import { processTerminal } from '../../../src/cli/terminal.ts'
import { temporaryFolder } from '../../temporary-folder.ts'

const hour = 3_600_000

let folder: string
beforeEach(async () => {
  const cache = await temporaryFolder('doctor')
  vi.stubEnv('ESPALIER_CACHE', cache)
  folder = join(cache, 'executors')
})
afterEach(() => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
})

/** Choices of so many milliseconds ago, and a file that is none. */
const keep = async (...ages: readonly number[]): Promise<void> => {
  await mkdir(folder)
  await writeFile(join(folder, 'mine.json'), '{}')
  for (const [k, age] of ages.entries()) {
    const path = join(folder, `${String(k).repeat(32)}.json`)
    await writeFile(path, '{}')
    await utimes(path, new Date(), new Date(Date.now() - age))
  }
}

const run = async (...args: readonly string[]): Promise<string> => {
  let text = ''
  vi.spyOn(process.stdout, 'write').mockImplementation(chunk => {
    text += chunk
    return true
  })
  await doctorCommand(processTerminal).parseAsync([...args], { from: 'user' })
  return text
}

describe('doctor --forget', () => {
  it('drops the choices that auto remembers, and says which', async () => {
    await keep(100 * hour, 2.5 * hour)
    expect(await run('--forget')).toBe(
      `Forgotten: 2 choices, 2 hours to 4 days old, in ${folder}. auto chooses anew.\n`,
    )
    expect(await readdir(folder)).toEqual(['mine.json'])
    expect(await run('--forget')).toBe(`Nothing to forget: no choice is remembered in ${folder}.\n`)
  })

  it('gives what it dropped as JSON, nothing of a cache that is not there', async () => {
    expect(JSON.parse(await run('--forget', '--json'))).toEqual({ forgotten: { folder, count: 0 } })
    await keep(hour)
    const { forgotten } = JSON.parse(await run('--forget', '--json'))
    expect(forgotten).toMatchObject({ folder, count: 1 })
    expect(Date.now() - Date.parse(forgotten.oldest)).toBeGreaterThan(0.9 * hour)
  })

  it('says what stands in the way', async () => {
    await writeFile(folder, '')
    await expect(run('--forget')).rejects.toThrow(EspalierError)
  })
})

describe('doctor', () => {
  it('says how many choices are remembered, and how old they are', async () => {
    await keep(100 * hour, 100.1 * hour)
    expect(await run()).toMatch(/^ {2}remembered +2 choices, 4 days old$/m)
  })
})
