import type { SavedModelOptions } from '../../../../src/lower/saved-model/index.ts'
import { plainKernels } from '../../../plain-kernels.ts'

/** A way to run a SavedModel, how far from the evaluator it may be, and the part of the usual draws that it is tried on. */
export interface Runner {
  readonly name: string
  readonly options: SavedModelOptions
  /** Relative to the largest number of an output. */
  readonly tolerance: number
  readonly share: number
  /** On how many of the batches of a case each graph is run. */
  readonly batches: number
}

const all: readonly Runner[] = [
  { name: 'TensorFlow', options: {}, tolerance: 1e-4, share: 0.35, batches: 2 },
  // XLA compiles a graph anew for another batch size, which takes longer than all else.
  { name: 'XLA', options: { xla: true }, tolerance: 1e-4, share: 0.1, batches: 1 },
  { name: 'TensorFlow, bfloat16', options: { precision: 'bfloat16' }, tolerance: 0.1, share: 0.2, batches: 2 },
]

export const runners = plainKernels
  ? all.filter(({ options }) => options.xla !== true).map(runner => ({ ...runner, share: runner.share / 2 }))
  : all
