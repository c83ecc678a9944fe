import type { Tensor } from '../../ir/index.ts'
import type { Executable } from '../lower/tfjs/index.ts'
import type { Execution, Facts } from './execution.ts'

/** An executable of TensorFlow.js, from numbers to numbers. */
export const executionOf = ({ inputs, run, dispose }: Executable, facts: Facts): Execution => ({
  ...facts,
  inputs,
  run: async fed => {
    const outputs = Object.entries(run(fed))
    try {
      return Object.fromEntries(
        await Promise.all(
          outputs.map(
            async ([name, value]): Promise<readonly [string, Tensor]> => [
              name,
              { shape: value.shape, data: (await value.data()) as Float32Array },
            ],
          ),
        ),
      )
    } finally {
      for (const [, value] of outputs) value.dispose()
    }
  },
  dispose,
})
