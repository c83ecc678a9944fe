import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { campaign, trier } from './campaign.ts'
import { samplesOf } from './corpus.ts'
import { readCrashes, saveCrash } from './crashes.ts'
import { bytesOf, type Files } from './format.ts'
import { formatNamed, formats } from './formats/index.ts'
import { mutantOf } from './mutant.ts'
import { shrink } from './shrink.ts'
import { signatureOf } from './signature.ts'
import { tally } from './tally.ts'

const { attempt, end } = trier()
afterAll(end)

describe('the corpus', () => {
  it.each(formats.map(({ name }) => name))('has samples of %s that open', async name => {
    for (const files of samplesOf(name)) expect(await attempt(name, files)).toMatchObject({ outcome: 'opened' })
  })
})

describe('mutants', () => {
  it('are the same again, alone', () => {
    const [first, again, other] = [mutantOf(3, 17), mutantOf(3, 17), mutantOf(3, 18)]
    expect(again).toEqual(first)
    expect(other).not.toEqual(first)
  })

  it('break nothing', async () => {
    const seen = tally()
    await campaign({ seed: 20, from: 0, to: 1200, workers: 2, formats: [], stopped: () => false, report: seen.add })
    expect([...seen.findings.values()]).toEqual([])
    expect(seen.mutants()).toBe(1200)
    expect(Object.keys(seen.summary().formats)).toHaveLength(formats.length)
  })
})

describe('crashes', () => {
  it.each(readCrashes().map(crash => [crash.file, crash] as const))('%s stays mended', async (_, { format, files }) => {
    expect((await attempt(format, files)).detail).toBeUndefined()
  })

  it('are told apart by the error and where it was thrown', () => {
    const thrown = (name: string): string =>
      signatureOf(new RangeError(`cannot read ${name} of 12 bytes in "${name}"`), 'recipe').signature
    expect(thrown('/tmp/a')).toBe(thrown('/var/b'))
    expect(thrown('/tmp/a')).toContain('cannot read … of N bytes')
  })

  it('are shrunk to what still shows them, saved and read back', async () => {
    const format = formatNamed('plan-name')
    if (format === undefined) throw new Error('plan names are fuzzed')
    const files: Files = new Map([['plan.txt', bytesOf('some text with one ! in it')]])
    const signature = 'it has a mark'
    const shows = async (_: string, candidate: Files) => ({
      ...(await attempt('recipe', new Map())),
      ...(Buffer.from(candidate.get('plan.txt') ?? []).includes('!') ? { signature } : {}),
    })
    const smallest = await shrink({ format, files }, signature, shows, 20_000)
    expect(smallest).toEqual(new Map([['plan.txt', bytesOf('!')]]))
    const folder = await mkdtemp(join(tmpdir(), 'espalier-crashes-'))
    const crash = { signature, format: format.name, seed: 1, k: 2, detail: '', files }
    saveCrash(folder, crash)
    expect(readCrashes(folder)).toMatchObject([crash])
    await rm(folder, { recursive: true })
  })
})
