import type { NamedAttrMap, Tensor } from '@tensorflow/tfjs-core'
import type { AttributesOf, Typing } from '../../../ir/index.ts'
import type { Tf } from '../../runtime/native/tensorflow-js.ts'
import type { LoweredTag } from '../lowered-tag.ts'

/** Where kernels are made for: TensorFlow.js with one of its backends, and what they keep until they are disposed of. */
export interface Target {
  readonly tf: Tf
  /** As TensorFlow.js names it: `tensorflow` is the native one. */
  readonly backend: string
  /** Keeps a constant for as long as the executable lives. */
  readonly keep: <T extends Tensor>(constant: T) => T
}

/**
 * One node on one target. Per-example operands carry the batch, of any size, as their first axis. Intermediate tensors
 * are the caller's to tidy.
 */
export interface Kernel {
  /** What follows from the shared operands alone: computed once where they are constant. */
  readonly prepare?: (shared: readonly Tensor[]) => readonly Tensor[]
  /** Takes all operands, or under `prepare` the per-example ones and what it gave. */
  readonly run: (operands: readonly Tensor[], prepared: readonly Tensor[]) => Tensor
}

/** What a backend may do to a result on its way out: add a shared bias `[c]` (the last operand), then clamp. */
export interface Epilogue {
  readonly bias: boolean
  readonly activation: 'linear' | 'relu' | 'relu6'
}

export const noEpilogue: Epilogue = { bias: false, activation: 'linear' }

export type Lowering<T extends LoweredTag> = (
  target: Target,
  attributes: AttributesOf<T>,
  typing: Typing,
  epilogue: Epilogue,
) => Kernel

/**
 * Runs a backend's kernel without the checks of TensorFlow.js's op around it, which refuses strides together with
 * dilations though the kernels take both.
 */
export const runKernel = (
  { tf }: Target,
  name: string,
  inputs: Readonly<Record<string, Tensor>>,
  attributes: object,
): Tensor => tf.engine().runKernel(name, { ...inputs }, attributes as NamedAttrMap) as Tensor
