import type { Tensor, Tensor1D, Tensor4D } from '@tensorflow/tfjs-core'
import type { Tf } from '../../../../src/runtime/native/load.ts'

/** What the native backend of TensorFlow.js offers beside its kernels: any TensorFlow op by name. */
interface NativeBackend {
  readonly binding: Readonly<
    Record<'TF_ATTR_FLOAT' | 'TF_ATTR_STRING' | 'TF_ATTR_BOOL' | 'TF_ATTR_TYPE' | 'TF_FLOAT', number>
  >
  readonly executeMultipleOutputs: (name: string, attributes: object[], inputs: Tensor[], outputs: number) => Tensor[]
}

/** Mean and unbiased variance of a batch, `[c]` each, kept for whoever asked for them. */
export type Statistics = readonly [mean: Tensor1D, variance: Tensor1D]

/**
 * Batch normalization `[n, h, w, c]` by the batch's own statistics, differentiable: TensorFlow's fused op and its
 * gradient, because a composition takes ten passes over memory and the training spends most of its time there.
 */
export const normalizeBatch = (
  tf: Tf,
  [x, scale, offset]: readonly [Tensor, Tensor, Tensor],
  epsilon: number,
  report: (statistics: Statistics) => void,
): Tensor => {
  const { binding, executeMultipleOutputs } = tf.backend() as unknown as NativeBackend
  const attributes = [
    { name: 'T', type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT },
    { name: 'epsilon', type: binding.TF_ATTR_FLOAT, value: epsilon },
    { name: 'data_format', type: binding.TF_ATTR_STRING, value: 'NHWC' },
    { name: 'is_training', type: binding.TF_ATTR_BOOL, value: true },
  ]
  const call = (name: string, inputs: readonly Tensor[]): Tensor[] =>
    executeMultipleOutputs.call(tf.backend(), name, attributes, [...inputs], 5)
  const normalized = tf.customGrad((...given) => {
    const [map, slope, shift, save] = given as unknown as [Tensor4D, Tensor1D, Tensor1D, (saved: Tensor[]) => void]
    const [value, mean, variance, ...reserved] = call('FusedBatchNorm', [
      map,
      slope,
      shift,
      tf.tensor1d([]),
      tf.tensor1d([]),
    ])
    report([tf.keep(mean) as Tensor1D, tf.keep(variance) as Tensor1D])
    save([map, slope, ...reserved])
    return {
      value,
      gradFunc: (dy: Tensor, saved: Tensor[]) => call('FusedBatchNormGrad', [dy, ...saved]).slice(0, 3),
    }
  })
  return normalized(x, scale, offset)
}

/** The same of what TensorFlow.js itself has: moments, and its batch normalization by them, each differentiated by the tape. */
export const normalizeByMoments = (
  tf: Tf,
  [x, scale, offset]: readonly [Tensor, Tensor, Tensor],
  epsilon: number,
  report: (statistics: Statistics) => void,
): Tensor => {
  const { mean, variance } = tf.moments(x, [0, 1, 2])
  const pixels = x.size / (x.shape[3] as number)
  report([tf.keep(tf.clone(mean)) as Tensor1D, tf.keep(tf.mul(variance, pixels / (pixels - 1))) as Tensor1D])
  return tf.batchNorm(
    x as Tensor4D,
    mean as Tensor1D,
    variance as Tensor1D,
    offset as Tensor1D,
    scale as Tensor1D,
    epsilon,
  )
}
