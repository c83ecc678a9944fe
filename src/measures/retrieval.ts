import { measuring } from './measure.ts'

/** Of each image its class and its direction. */
type Embedded = readonly (readonly [index: number, direction: readonly number[]])[]

const unit = (values: Float32Array): readonly number[] => {
  const length = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0))
  return Array.from(values, value => (length === 0 ? 0 : value / length))
}

/** Of images whose class has another one: how many percent of them are nearest, by the angle, to one of their class; of equally near ones the first counts. */
const recallAtOne = (embedded: Embedded): number | undefined => {
  const sizes = new Map<number, number>()
  for (const [index] of embedded) sizes.set(index, (sizes.get(index) ?? 0) + 1)
  const width = embedded[0]?.[1].length ?? 0
  const all = Float32Array.from(embedded.flatMap(([, direction]) => direction))
  let [asked, found] = [0, 0]
  embedded.forEach(([index], k) => {
    if ((sizes.get(index) ?? 0) < 2) return
    let [nearest, most] = [-1, Number.NEGATIVE_INFINITY]
    for (let other = 0; other < embedded.length; other++) {
      if (other === k) continue
      let product = 0
      for (let i = 0; i < width; i++) product += all[k * width + i] * all[other * width + i]
      if (product > most) [nearest, most] = [other, product]
    }
    asked++
    if (embedded[nearest]?.[0] === index) found++
  })
  return asked === 0 ? undefined : (100 * found) / asked
}

/** Images that belong together by their class. */
export const retrieval = measuring<Embedded>({
  target: 'class',
  kinds: ['embedding'],
  one: ({ values }, target) => {
    if (target.kind !== 'class') throw new Error('no class')
    return [[target.index, unit(values)]]
  },
  sum: parts => parts.flat(),
  measures: {
    recall_at_1_percent: { title: 'recall at 1', unit: '%', better: 'higher', ofEach: false, of: recallAtOne },
  },
})
