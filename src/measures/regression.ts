import { meanOf } from '../base/statistics.ts'
import { addMeans, type Mean, measuring, overImages } from './measure.ts'

/** Numbers, as of a regression. */
export const regression = measuring<Mean>({
  target: 'numbers',
  kinds: ['values'],
  one: ({ values }, target) => {
    if (target.kind !== 'numbers') throw new Error('no numbers')
    const errors = target.values.map((value, k) => Math.abs(values[k] - value))
    return { sum: meanOf(errors), images: 1 }
  },
  sum: addMeans,
  measures: {
    mean_absolute_error: { title: 'mean absolute error', unit: '', better: 'lower', ofEach: true, of: overImages },
  },
})
