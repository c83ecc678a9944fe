import { describe, expect, it } from 'vitest'
import { orThrow } from '../../../src/base/error.ts'
import { softmaxRows } from '../../../src/base/softmax.ts'
import { type CompiledNetwork, compileNetwork } from '../../../src/compile/compile.ts'
import { disagreementOf } from '../../../src/execute/disagreement.ts'
import { openModel } from '../../../src/execute/model.ts'
import type { Prediction } from '../../../src/execute/prediction.ts'
import { parsePlan } from '../../../src/index.ts'
import { classes, compiledUnder, imagesOf, smallClassifier } from './staged.ts'

const n = 5
const images = imagesOf(n)

const predicted = async (compiled: CompiledNetwork): Promise<Prediction> => {
  const model = await openModel(compiled, { backend: 'reference' })
  try {
    return await model.predict(images)
  } finally {
    model.dispose()
  }
}

const entropy = (p: readonly number[]): number => p.reduce((sum, each) => sum - each * Math.log(each), 0)

/** By the definition, from the answers of plans of one variant each. */
const byHand = async (variants: readonly string[]): Promise<readonly number[]> => {
  const each: Float64Array[] = []
  for (const plan of variants) each.push(softmaxRows((await predicted(compiledUnder(plan))).logits, classes))
  return Array.from({ length: n }, (_, row) => {
    const rows = each.map(p => [...p.subarray(row * classes, (row + 1) * classes)])
    const mean = rows[0].map((_, c) => rows.reduce((sum, p) => sum + p[c] / rows.length, 0))
    return entropy(mean) - rows.reduce((sum, p) => sum + entropy(p) / rows.length, 0)
  })
}

describe('how far variants disagree', () => {
  it.each([
    ['vanilla-tta-geo', 'apart', ['vanilla', '{flip}@0']],
    ['vanilla-tta-max', 'stacked', ['vanilla', '{flip}@0']],
    ['{id,shift(1,0),shift(0,1)}@1:sum', 'stacked', ['vanilla', '{shift(1,0)}@1', '{shift(0,1)}@1']],
    ['vanilla/1/vanilla-tta-geo', 'apart', ['vanilla', '{flip}@0']],
    ['vanilla/1/{id,shift(1,0),shift(0,1)}@1:geo', 'stacked', ['vanilla', '{shift(1,0)}@1', '{shift(0,1)}@1']],
  ] as const)(
    'under %s, run %s, is the entropy of their mean less the mean of their entropies',
    async (plan, schedule, variants) => {
      const compiled = orThrow(compileNetwork(smallClassifier(), parsePlan(plan), { schedule }))
      const { disagreement } = await predicted(compiled)
      const wanted = await byHand(variants)
      expect(Math.max(...wanted)).toBeGreaterThan(1e-3)
      for (const [row, value] of wanted.entries()) expect(disagreement[row]).toBeCloseTo(value, 5)
    },
  )

  it('is not known of one alone', async () => {
    expect([...(await predicted(compiledUnder('vanilla'))).disagreement]).toEqual(new Array(n).fill(Number.NaN))
    const nobody = await predicted(compiledUnder('vanilla/0/vanilla-tta-geo'))
    expect([...nobody.disagreement]).toEqual(new Array(n).fill(Number.NaN))
  })

  it('is 0 of equal answers, the logarithm of the classes where each is sure of another, and counts variants as often as they stand for', () => {
    const sure = (c: number) => Float32Array.from({ length: 2 }, (_, k) => (k === c ? 50 : -50))
    const of = (scores: readonly Float32Array[], weights: readonly number[]) =>
      disagreementOf({ scores, weights }, 0, 2)
    expect(of([sure(0), sure(0)], [1, 1])).toBeCloseTo(0, 12)
    expect(of([sure(0), sure(1)], [1, 1])).toBeCloseTo(Math.log(2), 12)
    expect(of([sure(0), sure(1)], [3, 1])).toBeCloseTo(entropy([0.75, 0.25]), 12)
  })
})
