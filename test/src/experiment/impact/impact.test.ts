import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Reduction, reductions } from '../../../../ir/index.ts'
import { orThrow } from '../../../../src/base/error.ts'
import { compileNetwork } from '../../../../src/compile/compile.ts'
import { openData, openGenerated, type Preprocess } from '../../../../src/data/index.ts'
import { evaluateData } from '../../../../src/execute/evaluate-data.ts'
import { openModel } from '../../../../src/execute/model.ts'
import { wilsonPercent } from '../../../../src/execute/score.ts'
import { type ImpactResult, impact } from '../../../../src/experiment/impact/impact.ts'
import { describeImpact } from '../../../../src/experiment/impact/text.ts'
import { createZooNetwork, loadNetwork as openNetwork, parsePlan } from '../../../../src/index.ts'
import { bestInstalled } from '../../../../src/runtime/native/installed.ts'
import { hasShared, sharedPath } from '../../../shared.ts'

const hasNative = (await bestInstalled()) !== undefined
const full = process.env.ESPALIER_FULL === '1'

describe('the impact of transforms inside a network', () => {
  const network = createZooNetwork('cifar-resnet-8?classes=10', { seed: 2 })
  const data = openGenerated('orientation', 'test', 0)
  const images = { data, preprocess: data.preprocess as Preprocess }
  const limit = 24
  let result: ImpactResult
  beforeAll(async () => {
    result = await impact(network, images, { transforms: 'flip,rotate(40)', backend: 'wasm', limit, batch: 8 })
  })

  it('is that of each plan run outright', async () => {
    const errorUnder = async (text: string): Promise<number> => {
      const runner = await openModel(orThrow(compileNetwork(network, parsePlan(text))), { backend: 'wasm' })
      try {
        const preprocess = data.preprocess as Preprocess
        return (100 * (await evaluateData(runner, data, { batch: 8, limit, preprocess })).wrong) / limit
      } finally {
        runner.dispose()
      }
    }
    expect(result.vanillaErrorPercent).toBe(await errorUnder('vanilla'))
    for (const [name, spelled] of [
      ['flip', 'flip'],
      ['rotate(+40)', 'rotate(40)'],
    ])
      for (const map of [0, 2, 4]) {
        const { only, branch } = result.positions[map].results[name]
        expect(only).toBe(await errorUnder(`{${spelled}}@${map}`))
        for (const reduction of reductions)
          expect(branch[reduction]).toBe(await errorUnder(`{id,${spelled}}@${map}:${reduction}`))
      }
  })

  it('has a position for each feature map, with intervals and costs', () => {
    expect(result.positions.map(({ map, shape }) => [map, shape])).toEqual([
      [0, [32, 32, 3]],
      [1, [32, 32, 16]],
      [2, [32, 32, 16]],
      [3, [16, 16, 32]],
      [4, [8, 8, 64]],
    ])
    const { only, onlyInterval, branch, branchInterval } = result.positions[1].results['rotate(+40)']
    expect(onlyInterval).toEqual(wilsonPercent(Math.round((only * limit) / 100), limit))
    expect(branchInterval.sum).toEqual(wilsonPercent(Math.round((branch.sum * limit) / 100), limit))
    expect(result.positions[0].branchMultiplyAddsRelative).toBeCloseTo(2, 10)
    expect(result.positions[4].branchMultiplyAddsRelative).toBeLessThan(1.001)
    expect(result.multiplyAddsRelativePerPosition).toBeLessThan(0.7)
    expect(result.secondsRelativePerPosition).toBeGreaterThan(0)
    expect(result).toMatchObject({
      network: 'cifar-resnet-8',
      images: limit,
      batch: 8,
      backend: 'wasm',
      executor: 'eager',
    })
    expect(result).not.toHaveProperty('interrupted')
  })

  it('is nothing for a flip at the last map', () => {
    const { only, branch } = result.positions[4].results.flip
    const { vanillaErrorPercent: vanilla } = result
    expect({ only, ...branch }).toEqual({ only: vanilla, geo: vanilla, sum: vanilla, max: vanilla })
  })

  it('reads as tables', () => {
    const text = describeImpact(result)
    expect(text).toContain(
      `cifar-resnet-8 on orientation test, 24 images: error ${result.vanillaErrorPercent.toFixed(2)} %`,
    )
    expect(text.match(/^3 {4}.*16×16×32/gm)).toHaveLength(4)
    expect(text).toMatch(/All of it took 0\.\d+× the multiply-adds and \d+\.\d+× the time of 10 forwards/)
  })

  it('answers for what all positions have seen where it is interrupted, and goes on from there', async () => {
    const cache = await mkdtemp(join(tmpdir(), 'espalier-impact-'))
    afterAll(() => rm(cache, { recursive: true, force: true }))
    const interrupt = new AbortController()
    const options = { transforms: 'flip,rotate(40)', backend: 'wasm', limit, batch: 8, cache } as const
    const stopped = await impact(network, images, {
      ...options,
      signal: interrupt.signal,
      onProgress: ({ done, total }) => {
        expect(total).toBe(limit)
        if (done === 16) interrupt.abort()
      },
    })
    expect(stopped).toMatchObject({ images: 16, interrupted: true })
    const steps: number[] = []
    const finished = await impact(network, images, { ...options, onProgress: ({ done }) => void steps.push(done) })
    expect(steps).toEqual([8])
    expect(finished.positions).toEqual(result.positions)
    const again = await impact(network, images, { ...options, onProgress: () => expect.unreachable() })
    expect(again.positions).toEqual(result.positions)
    expect(again).toMatchObject({ multiplyAddsRelativePerPosition: null, secondsRelativePerPosition: null })
  })
})

interface Oracle {
  readonly error_percent: Readonly<Record<string, number | Readonly<Partial<Record<Reduction, number>>>>>
  readonly transforms: Readonly<
    Record<
      string,
      {
        readonly only: Readonly<Record<string, number>>
        readonly branch: Readonly<Record<string, Readonly<Record<Reduction, number>>>>
      }
    >
  >
}

/** Every number of the oracle beside ours: which, ours, its. */
const compared = ({ positions }: ImpactResult, oracle: Oracle): readonly (readonly [string, number, number])[] => {
  const at = (map: string, transform: string) => positions[Number(map)].results[transform]
  const flips = Object.entries(oracle.error_percent).flatMap(([key, value]): (readonly [string, number, number])[] => {
    const [kind, map] = /^(flip_only|branch)@(\d+)$/.exec(key)?.slice(1) ?? []
    if (kind === 'flip_only') return [[key, at(map, 'flip').only, value as number]]
    if (kind !== 'branch') return []
    return reductions.map(r => [`${key} ${r}`, at(map, 'flip').branch[r], (value as Record<Reduction, number>)[r]])
  })
  const others = Object.entries(oracle.transforms).flatMap(([transform, { only, branch }]) => [
    ...Object.entries(only).map(([map, error]) => [`${transform}@${map}`, at(map, transform).only, error] as const),
    ...Object.entries(branch).flatMap(([map, errors]) =>
      reductions.map(r => [`${transform}@${map} ${r}`, at(map, transform).branch[r], errors[r]] as const),
    ),
  ])
  return [...flips, ...others]
}

describe.skipIf(!hasShared || !hasNative || !full)(
  'all of CIFAR-100 (with ESPALIER_FULL=1, ../shared and native TensorFlow)',
  () => {
    it('has the errors that PyTorch and TensorFlow found at every position, within 0.03 points', async () => {
      const data = orThrow(await openData(`cifar100:${sharedPath('data', 'cifar-100-binary')}`))
      const result = await impact(await openNetwork(sharedPath('models', 'cifar100_resnet20.onnx')), {
        data,
        preprocess: data.preprocess as Preprocess,
      })
      const oracle: Oracle = JSON.parse(readFileSync(sharedPath('oracle', 'cifar100_resnet20_impact.json'), 'utf8'))
      const rows = compared(result, oracle)
      expect(rows.length).toBe(11 + 3 * 5 + 4 * (6 + 3 * 3))
      expect(rows.filter(([, ours, its]) => !(Math.abs(ours - its) <= 0.03))).toEqual([])
      expect(result.positions[10].results.flip.only).toBe(result.vanillaErrorPercent)
    }, 1_200_000)
  },
)
