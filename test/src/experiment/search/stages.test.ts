import { either as E } from 'fp-ts'
import { beforeAll, describe, expect, it } from 'vitest'
import { builder, mapType } from '../../../../ir/index.ts'
import { decodePlan, parsePlan } from '../../../../passes/index.ts'
import { orThrow } from '../../../../src/base/error.ts'
import { random } from '../../../../src/base/random.ts'
import { compileNetwork } from '../../../../src/compile/compile.ts'
import { type DataSet, type Example, openData } from '../../../../src/data/index.ts'
import { openModel } from '../../../../src/execute/model.ts'
import { evaluate } from '../../../../src/experiment/evaluation.ts'
import { describeSearch } from '../../../../src/experiment/search/describe.ts'
import { parseStages, placedStages } from '../../../../src/experiment/search/given-stages.ts'
import { type Found, type SearchNetworkOptions, searchNetwork } from '../../../../src/experiment/search/network.ts'
import { type SearchResult, searchResult } from '../../../../src/experiment/search/result.ts'
import { createNetwork } from '../../../../src/index.ts'
import type { Network } from '../../../../src/network/network.ts'
import type { Images } from '../../../../src/open/images.ts'

/** Images that a plan is right about. */
const imagesOf = async (range: string, plan: string): Promise<Images> => {
  const data = orThrow(await openData(`generated:orientation?range=${range}`))
  if (data.preprocess === undefined) throw new Error('generated images say how they are taken')
  const { preprocess } = data
  const model = await openModel(orThrow(compileNetwork(network, orThrow(parsePlan(plan)))), onWasm)
  try {
    const { answers } = await evaluate(model, { data, preprocess }, { batch: 40, answers: true })
    const read: DataSet['read'] = async (from, to) =>
      E.map((images: readonly Example[]) =>
        images.map((image, k) => ({ ...image, label: answers[from + k].best[0].index })),
      )(await data.read(from, to))
    return { data: { ...data, read }, preprocess }
  } finally {
    model.dispose()
  }
}

/** Every look at it is a millisecond later: whatever is timed takes as long as anything else. */
const even = () => {
  let now = 0
  return { now: () => ++now, rest: async () => {} }
}

const onWasm = { backend: 'wasm', executor: 'eager' } as const
const second = 'flip@0:geo'

/** A convolution and a dense layer with drawn weights: one that runs in no time. */
const network = ((): Network => {
  const b = builder()
  const image = b.input('image', mapType(32, 32, 3))
  const map = b.relu(b.conv2d(image, b.parameter('filter', [4, 4, 3, 6]), { strides: 4 }))
  const graph = b.finish({ logits: b.dense(b.flatten(map), b.parameter('weights', [384, 10])) })
  const filled = (shape: readonly number[]) => {
    const { normal } = random(1, shape.join())
    return { shape, data: Float32Array.from({ length: shape.reduce((n, extent) => n * extent) }, () => normal() / 4) }
  }
  const parameters = new Map([
    ['filter', filled([4, 4, 3, 6])],
    ['weights', filled([384, 10])],
  ])
  return createNetwork('small', graph, parameters)
})()
let options: SearchNetworkOptions
let found: Found
let result: SearchResult
beforeAll(async () => {
  options = {
    budget: { kind: 'relative', times: 1.6 },
    select: await imagesOf('0:160', second),
    report: await imagesOf('160:240', second),
    transforms: [],
    reductions: ['geo'],
    objective: 'likelihood',
    adaptive: true,
    stages: orThrow(placedStages(orThrow(parseStages(`vanilla,${second}`)), network.graph, 0)),
    measure: 'margin',
    batch: 40,
    ...onWasm,
    precision: 'float32',
    seed: 0,
    clock: even(),
  }
  found = await searchNetwork(network, options)
  const data = { select: 'a', report: 'b' }
  result = await searchResult(found, {
    ...{ network: network.name, initializedFrom: undefined, options, sets: '', data, warnings: [], seconds: 1 },
  })
}, 240_000)

describe('stages that are given', () => {
  it('have thresholds within the budget, and say who goes on and what the worst case is', () => {
    expect(result.beatsVanilla).toBe(true)
    const { adaptive } = result
    expect(adaptive).toMatchObject({
      stages: ['vanilla', second],
      measure: 'margin',
      worstRelativeCost: 1,
    })
    expect(result.plan).toBe(`vanilla/${adaptive?.thresholds[0]}/${second}`)
    expect(adaptive?.sharesPercent[0]).toBe(100)
    expect(result.relativeCost).toBeLessThanOrEqual(1.6)
    expect(result.select.errorPercent).toBeLessThan(result.select.vanillaErrorPercent)
    expect(describeSearch(result)).toContain(`of the images go on to ${second}`)
  })

  it('are named with what they do where they are no better than chance', () => {
    const { timed } = result
    expect(timed.map(({ plan }) => plan)).toContain(result.plan)
    const said = describeSearch({ ...result, plan: 'vanilla', beatsVanilla: false })
    const within = timed.filter(({ relativeCost }) => relativeCost <= 1.6)
    const least = Math.min(...within.map(({ errorPercent }) => errorPercent))
    expect(said).toMatch(/beats vanilla within .* Nearest comes /)
    expect(said).toContain(`errs ${least.toFixed(2)} % of the time there`)
    expect(describeSearch({ ...result, beatsVanilla: false, timed: [] })).not.toContain('Nearest')
  })

  it('err as the plan does that is run stage by stage', async () => {
    const model = await openModel(orThrow(compileNetwork(network, orThrow(parsePlan(result.plan)))), onWasm)
    try {
      const ran = await evaluate(model, options.report, { batch: 40 })
      expect(ran.errorPercent).toBe(result.report.errorPercent)
      expect(ran.stages?.map(({ images }) => (100 * images) / 80)).toEqual(result.adaptive?.reportSharesPercent)
    } finally {
      model.dispose()
    }
  })

  it('have a curve from the first stage on, on which the plan is', () => {
    const { curve } = result
    expect(curve?.stages).toEqual(result.adaptive?.stages)
    const points = curve?.points ?? []
    expect(points[0]).toMatchObject({ thresholds: [0], sharesPercent: [100, 0] })
    expect(points[0].errorPercent).toBe(result.select.vanillaErrorPercent)
    const costs = points.map(({ relativeCost }) => relativeCost)
    expect(costs).toEqual(costs.toSorted((a, b) => a - b))
    expect(points).toContainEqual(
      expect.objectContaining({
        thresholds: result.adaptive?.thresholds,
        errorPercent: result.select.errorPercent,
        reportErrorPercent: result.report.errorPercent,
      }),
    )
  })

  it('are a plan file with the shares', () => {
    const { stages, thresholds, measure, sharesPercent } = result.adaptive as NonNullable<SearchResult['adaptive']>
    const file = { stages, thresholds, measure, shares: sharesPercent.map(percent => percent / 100) }
    expect(orThrow(decodePlan(file))).toEqual(orThrow(parsePlan(result.plan)))
  })

  it('are nothing where the budget is vanilla’s time', async () => {
    const { choice, sequence } = await searchNetwork(network, { ...options, budget: { kind: 'relative', times: 1 } })
    expect([choice.chosen, sequence]).toEqual([undefined, undefined])
  })
})
