import { describe, expect, it } from 'vitest'
import { reductions } from '../../../../ir/index.ts'
import { combineLogits } from '../../../../ir/ops/classification.ts'
import { random } from '../../../../src/base/random.ts'
import { rankOf } from '../../../../src/execute/score.ts'
import { errorOf, reduceLogits } from '../../../../src/experiment/variants/reduction.ts'

const classes = 7
const images = 5
const { normal, below } = random(3, 'logits')
const logits = (scale: number): Float32Array => Float32Array.from({ length: images * classes }, () => scale * normal())

describe('logits of variants', () => {
  const variants = [logits(1), logits(3), logits(300)]

  it.each(reductions)('are reduced under %s as graphs reduce them, weighted too', reduction => {
    for (const weights of [undefined, [1, 2, 1]]) {
      const wanted = combineLogits(
        variants.map(data => ({ shape: [images, classes], data })),
        reduction,
        weights ?? [1, 1, 1],
      )
      const seen = reduceLogits(variants, { classes, reduction, ...(weights === undefined ? {} : { weights }) })
      wanted.data.forEach((value, i) => {
        expect(seen[i]).toBeCloseTo(value, 9)
      })
    }
  })

  it('count for as much as their weights', () => {
    const [a, b] = variants
    expect(reduceLogits([a, b], { classes, reduction: 'geo', weights: [1, 0] })).toEqual(Float64Array.from(a))
    const thrice = reduceLogits([a, b, b, b], { classes, reduction: 'sum' })
    reduceLogits([a, b], { classes, reduction: 'sum', weights: [0.5, 1.5] }).forEach((value, i) => {
      expect(value).toBeCloseTo(thrice[i], 10)
    })
  })

  it('are wrong as often as another class comes first', () => {
    const labels = Array.from({ length: images }, () => below(classes))
    const wrong = labels.filter((label, row) => rankOf(variants[0], row, classes, label) > 0).length
    expect(errorOf(variants[0], labels)).toMatchObject({ images, wrong, percent: 20 * wrong })
    expect(errorOf(Float32Array.of(1, 1, 2, 2), [0, 1])).toMatchObject({ images: 2, wrong: 1, percent: 50 })
  })
})
