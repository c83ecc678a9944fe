import type { Tensor } from '@tensorflow/tfjs-core'
import type { Lowering } from './kernel.ts'

/** Variants lie one after another along the batch: `[variants · n, …]`. */
export const stack: Lowering<'Stack'> = ({ tf }) => ({
  run: values => (values.length === 1 ? values[0] : tf.concat([...values], 0)),
})

export const unstack: Lowering<'Unstack'> = ({ tf }, { index, count }) => ({
  run: ([x]: readonly Tensor[]) => {
    const n = x.shape[0] / count
    return tf.slice(x, [index * n], [n])
  },
})
