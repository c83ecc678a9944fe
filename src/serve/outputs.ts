import type { Model } from '../execute/model.ts'
import type { Prediction } from '../execute/prediction.ts'
import { classCount, imageType } from '../network/network.ts'

/** What is told of a tensor: −1 is an extent that a request chooses. */
export interface TensorFacts {
  readonly name: string
  readonly datatype: 'FP32'
  readonly shape: readonly number[]
}

/** Numbers under a name, in row-major order. */
export interface NamedTensor extends TensorFacts {
  readonly data: Float32Array
}

/** An output that clients may ask for, and where it is in a prediction. */
export interface ServedOutput extends TensorFacts {
  readonly of: (prediction: Prediction) => Float32Array
}

/** The input that clients give. */
export const inputOf = ({ graph }: Pick<Model, 'graph'>): TensorFacts => {
  const { h, w, c } = imageType({ graph })
  return { name: 'images', datatype: 'FP32', shape: [-1, h, w, c] }
}

/** The outputs that clients get: all, or those that they name. */
export const outputsOf = ({ graph }: Pick<Model, 'graph'>): readonly ServedOutput[] => {
  const shape = [-1, classCount({ graph })]
  return [
    { name: 'probabilities', datatype: 'FP32', shape, of: ({ probabilities }) => probabilities },
    { name: 'logits', datatype: 'FP32', shape, of: ({ logits }) => logits },
  ]
}
