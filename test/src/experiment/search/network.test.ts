import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { orThrow } from '../../../../src/base/error.ts'
import { compileNetwork } from '../../../../src/compile/compile.ts'
import { batches, type DataSet, openData } from '../../../../src/data/index.ts'
import { openDemoNetwork } from '../../../../src/demo/networks.ts'
import { openModel } from '../../../../src/execute/model.ts'
import { type Found, type SearchNetworkOptions, searchNetwork } from '../../../../src/experiment/search/network.ts'
import { searchResult } from '../../../../src/experiment/search/result.ts'
import { parseSets, planOf } from '../../../../src/experiment/search/space.ts'
import type { Network } from '../../../../src/network/network.ts'
import type { Images } from '../../../../src/open/images.ts'

const imagesOf = async (range: string): Promise<Images> => {
  const data: DataSet = orThrow(await openData(`generated:orientation?range=${range}`))
  if (data.preprocess === undefined) throw new Error('generated images say how they are taken')
  return { data, preprocess: data.preprocess }
}

let network: Network
let options: SearchNetworkOptions
let found: Found
let cache: string
beforeAll(async () => {
  cache = await mkdtemp(join(tmpdir(), 'espalier-search-'))
  network = await openDemoNetwork('plain')
  options = {
    budget: { kind: 'relative', times: 9 },
    select: await imagesOf('0:60'),
    report: await imagesOf('60:100'),
    transforms: orThrow(parseSets('flip,{shift(1,0)}')),
    reductions: ['sum', 'geo'],
    objective: 'likelihood',
    adaptive: false,
    measure: 'margin',
    batch: 2,
    backend: 'wasm',
    executor: 'eager',
    precision: 'float32',
    seed: 0,
    beam: 2,
    offspring: 4,
    screening: 20,
    cache,
  }
  found = await searchNetwork(network, options)
})
afterAll(() => rm(cache, { recursive: true, force: true }))

describe('searchNetwork', () => {
  it('judges plans by what they answer when they are run outright', async () => {
    const branched = found.searched.candidates.filter(({ sites }) => sites.length > 1).slice(0, 1)
    const single = found.searched.candidates.filter(({ sites }) => sites.length === 1).slice(0, 1)
    expect([...branched, ...single].length).toBe(2)
    for (const { sites, reduction } of [...branched, ...single]) {
      await found.searched.evidence.gather([sites])
      const scores = found.searched.evidence.scores(sites, reduction)
      const compiled = orThrow(compileNetwork(network, planOf(sites, reduction)))
      const runner = await openModel(compiled, { backend: 'wasm', executor: 'eager' })
      try {
        const { data, preprocess } = options.select
        for await (const { images, first } of batches(data, { batch: 20, preprocess })) {
          const { logits, classes } = await runner.predict(images)
          const apart = logits.map((score, i) => Math.abs(score - scores[first * classes + i]))
          expect(Math.max(...apart)).toBeLessThan(1e-4)
        }
      } finally {
        runner.dispose()
      }
    }
  })

  it('has nothing computed again, and reads images once', async () => {
    const totals: number[] = []
    let read = 0
    const { data, preprocess } = options.select
    const counted: DataSet = {
      ...data,
      read: (from, to) => {
        read += to - from
        return data.read(from, to)
      },
    }
    const again = await searchNetwork(network, {
      ...options,
      select: { data: counted, preprocess },
      onImages: (_, total) => totals.push(total),
    })
    // Once all of them, and once those that transforms are screened by.
    expect(read).toBe(data.count + 20)
    expect(again.searched.candidates.map(({ score }) => score)).toEqual(
      found.searched.candidates.map(({ score }) => score),
    )
    // What is reported depends on what was timed; of the images that plans are chosen by, all is known.
    expect(totals.filter(total => total !== 40)).toEqual([])
  })

  it('keeps a budget of milliseconds by what vanilla takes', async () => {
    const milliseconds = 1.5 * found.vanillaMilliseconds
    const { choice, times, searched, vanillaMilliseconds } = await searchNetwork(network, {
      ...options,
      budget: { kind: 'milliseconds', milliseconds },
    })
    expect(times * vanillaMilliseconds).toBeCloseTo(milliseconds, 6)
    expect(choice.chosen?.relative ?? 0).toBeLessThanOrEqual(times)
    expect(searched.candidates.filter(({ cost }) => cost > 1.15 * Math.max(times, 1))).toEqual([])
  })

  it('is interrupted with what it computed kept', async () => {
    const control = new AbortController()
    const folder = await mkdtemp(join(tmpdir(), 'espalier-interrupted-'))
    try {
      const searching = searchNetwork(network, {
        ...options,
        cache: folder,
        signal: control.signal,
        onImages: () => control.abort(),
      })
      await expect(searching).rejects.toThrow(/abort/)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })

  it('comes to a result with errors of both parts, and a front that falls', async () => {
    const result = await searchResult(found, {
      network: network.name,
      initializedFrom: undefined,
      options,
      sets: 'flip,{shift(1,0)}',
      data: { select: 'a', report: 'b' },
      warnings: [],
      seconds: 1,
    })
    expect(result).toMatchObject({ budget: '9x', budgetRelative: 9, executor: 'eager', batch: 2 })
    expect(result.select.images + result.report.images).toBe(100)
    // Where no transform without a branch seems faster, by chance, it begins with vanilla.
    expect(result.front[0].relativeCost).toBeLessThanOrEqual(1)
    const vanilla = result.front.find(({ plan }) => plan === 'vanilla')
    if (vanilla !== undefined) expect(vanilla.reportErrorPercent).toBe(result.report.vanillaErrorPercent)
    expect(result.front.map(({ plan }) => plan)).toContain(result.plan)
    const errors = result.front.filter(({ plan }) => plan !== result.plan).map(({ errorPercent }) => errorPercent)
    expect(errors).toEqual(errors.toSorted((a, b) => b - a))
    expect(result.select.won - result.select.lost).toBeCloseTo(
      ((result.select.vanillaErrorPercent - result.select.errorPercent) * result.select.images) / 100,
      6,
    )
    if (!result.beatsVanilla) expect(result.plan).toBe('vanilla')
  })
})
