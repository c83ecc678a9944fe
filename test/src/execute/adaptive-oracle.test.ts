import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { certaintiesOf } from '../../../ir/ops/certainty.ts'
import {
  parseFixedPlan,
  placePlan,
  scoreReduction,
  type Variant,
  variantKey,
  variantsOfPlan,
} from '../../../passes/index.ts'
import { orThrow } from '../../../src/base/error.ts'
import { compileNetwork } from '../../../src/compile/compile.ts'
import { type DataSet, openData, type Preprocess } from '../../../src/data/index.ts'
import { evaluateData } from '../../../src/execute/evaluate-data.ts'
import { openExecutor } from '../../../src/execute/executor.ts'
import { openModel } from '../../../src/execute/model.ts'
import { rankOf } from '../../../src/execute/score.ts'
import { variantLogits } from '../../../src/experiment/variants/logits.ts'
import { reduceLogits } from '../../../src/experiment/variants/reduction.ts'
import { loadNetwork, parsePlan } from '../../../src/index.ts'
import type { Network } from '../../../src/network/network.ts'
import { bestInstalled } from '../../../src/runtime/native/installed.ts'
import { hasShared, sharedPath } from '../../shared.ts'

/** What adaptive plans show on the test set of CIFAR-100, against PyTorch. With ESPALIER_FULL=1 on the deeper network and of three stages, too. */

const full = process.env.ESPALIER_FULL === '1'
const hasNative = (await bestInstalled()) !== undefined
const classes = 100

/** The scores of a plan from those of its variants. */
const scoresOf = (
  network: Network,
  plan: string,
  logits: ReadonlyMap<string, Float32Array>,
): Float32Array | Float64Array => {
  const placed = orThrow(placePlan(orThrow(parseFixedPlan(plan)), network.graph, () => 0))
  const variants = variantsOfPlan(placed).map(variant => logits.get(variantKey(variant)) as Float32Array)
  return reduceLogits(variants, { classes, reduction: scoreReduction(placed) ?? 'geo' })
}

const variantsUnder = (network: Network, plans: readonly string[]): readonly Variant[] =>
  plans.flatMap(plan => variantsOfPlan(orThrow(placePlan(orThrow(parseFixedPlan(plan)), network.graph, () => 0))))

describe.skipIf(!hasShared || !hasNative)(
  'adaptive plans on CIFAR-100 (skipped without ../shared or native TensorFlow)',
  () => {
    let data: DataSet
    let preprocess: Preprocess
    beforeAll(async () => {
      data = orThrow(await openData(`cifar100:${sharedPath('data', 'cifar-100-binary')}`))
      preprocess = data.preprocess as Preprocess
    })

    /** Errors and shares of some images that go through stages below thresholds. */
    const gated = async (name: string, stages: readonly string[], images: number) => {
      const network = await loadNetwork(sharedPath('models', `${name}.onnx`))
      const found = await variantLogits(
        network,
        variantsUnder(network, stages),
        { data, preprocess },
        { limit: images },
      )
      const scores = stages.map(plan => scoresOf(network, plan, found.logits))
      const margins = scores.map(each => certaintiesOf({ shape: [images, classes], data: each }, 'margin'))
      return (thresholds: readonly number[]) => {
        const reached = stages.map(() => 0)
        let wrong = 0
        for (let row = 0; row < images; row++) {
          let stage = 0
          for (reached[0]++; margins[stage][row] < thresholds[stage]; reached[stage]++) stage++
          if (rankOf(scores[stage], row, classes, found.labels?.[row] as number) > 0) wrong++
        }
        return { error: (100 * wrong) / images, shares: reached.map(count => (100 * count) / images) }
      }
    }

    it.each(['cifar100_resnet20', ...(full ? ['cifar100_resnet56'] : [])])(
      '%s sends on and errs as in PyTorch',
      async name => {
        const rows: readonly { threshold: number; share_percent: number; error_percent: number }[] = JSON.parse(
          readFileSync(sharedPath('oracle', 'adaptive.json'), 'utf8'),
        ).networks[name]
        const under = await gated(name, ['vanilla', 'vanilla-tta-geo'], 10_000)
        expect(rows.length).toBeGreaterThan(0)
        if (name === 'cifar100_resnet20') {
          // Nobody goes on, and everybody does.
          const { error_percent } = JSON.parse(readFileSync(sharedPath('oracle', `${name}_impact.json`), 'utf8'))
          expect(Math.abs(under([0]).error - error_percent.vanilla.geo)).toBeLessThanOrEqual(0.03)
          expect(Math.abs(under([2]).error - error_percent['branch@0'].geo)).toBeLessThanOrEqual(0.03)
        }
        for (const { threshold, share_percent, error_percent } of rows) {
          const { error, shares } = under([threshold])
          expect(Math.abs(shares[1] - share_percent), `share below ${threshold}`).toBeLessThanOrEqual(0.1)
          expect(Math.abs(error - error_percent), `error below ${threshold}`).toBeLessThanOrEqual(0.03)
        }
      },
    )

    it.skipIf(!full)(
      'three stages are better than flip TTA at less than its price (with ESPALIER_FULL=1)',
      async () => {
        const under = await gated('cifar100_resnet20', ['vanilla', 'vanilla-tta-geo', 'flip@0,shift4@4:geo'], 6784)
        expect(under([0]).error).toBeCloseTo(31.06, 1)
        expect(Math.abs(under([1, 0]).error - 29.23)).toBeLessThanOrEqual(0.03)
        expect(Math.abs(under([0.7, 0.1]).error - 28.91)).toBeLessThanOrEqual(0.03)
        expect(Math.abs(under([0.8, 0.2]).error - 28.77)).toBeLessThanOrEqual(0.03)
      },
    )

    it('stage by stage each image has the answer of the whole graph, and some go on', async () => {
      const network = await loadNetwork(sharedPath('models', 'cifar100_resnet20.onnx'))
      const limit = 200
      for (const plan of ['vanilla/0.681/vanilla-tta-geo', 'vanilla/0.7/flip-2-geo/0.4/flip@0,shift4@4:geo']) {
        const compiled = orThrow(compileNetwork(network, parsePlan(plan)))
        const options = { backend: 'auto', precision: 'float32', debug: false } as const
        const whole = orThrow(await openExecutor('graph', compiled, options))
        const model = await openModel(compiled, { executor: 'graph', batch: 32 })
        let furthest = 0
        const { reached } = await evaluateData(model, data, {
          ...{ batch: 32, preprocess, limit },
          onBatch: async ({ images, n }, { logits }) => {
            const wanted = (await whole.run({ [[...whole.inputs.keys()][0]]: images })).logits.data
            expect(logits).toHaveLength(n * classes)
            for (const [k, value] of logits.entries()) furthest = Math.max(furthest, Math.abs(value - wanted[k]))
          },
        })
        expect(furthest, plan).toBeLessThan(1e-3)
        expect(reached[0]).toBe(limit)
        for (const count of reached.slice(1)) expect(count).toBeGreaterThan(0)
        for (const opened of [whole, model]) opened.dispose()
      }
    })
  },
)
