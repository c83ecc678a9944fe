import type { Tensor } from '@tensorflow/tfjs-core'
import type { Target } from './kernel.ts'

/** What tfjs-node's backend offers beyond its table of kernels: any op of TensorFlow. */
interface NativeBackend {
  readonly binding: Readonly<Record<'TF_ATTR_TYPE' | 'TF_ATTR_STRING' | 'TF_FLOAT', number>>
  readonly executeSingleOutput: (
    op: string,
    attributes: readonly { readonly name: string; readonly type: number; readonly value: unknown }[],
    inputs: readonly Tensor[],
  ) => Tensor
}

export interface TextAttribute {
  readonly name: string
  readonly value: string
}

export const texted = (name: string, value: string): TextAttribute => ({ name, value })

/** One of TensorFlow's ops on float32, on the native backend alone; `type` is what it calls its type. */
export const runNative = (
  { tf }: Target,
  op: string,
  attributes: readonly TextAttribute[],
  inputs: readonly Tensor[],
  type = 'T',
): Tensor => {
  const { binding, executeSingleOutput } = tf.backend() as unknown as NativeBackend
  const all = [
    { name: type, type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT },
    ...attributes.map(({ name, value }) => ({ name, type: binding.TF_ATTR_STRING, value })),
  ]
  return executeSingleOutput.call(tf.backend(), op, all, inputs)
}
