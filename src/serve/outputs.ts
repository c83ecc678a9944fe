import { shapeOf } from '../../ir/index.ts'
import type { Model } from '../execute/model.ts'
import type { Prediction } from '../execute/prediction.ts'
import { classCount, imageType, isClassifier } from '../network/network.ts'

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

/** The outputs that clients get: a classifier's in both forms, others' under their own names. */
export const servedOutputs = ({ graph, outputs }: Pick<Model, 'graph' | 'outputs'>): readonly ServedOutput[] => {
  if (!isClassifier({ outputs }))
    return outputs.map(({ name }, k) => ({
      ...{ name, datatype: 'FP32', shape: [-1, ...shapeOf(graph.nodes[graph.outputs[k].node].type)] },
      of: prediction => prediction.outputs[name].data,
    }))
  const shape = [-1, classCount({ graph, outputs })]
  return [
    { name: 'probabilities', datatype: 'FP32', shape, of: ({ probabilities }) => probabilities },
    { name: 'logits', datatype: 'FP32', shape, of: ({ logits }) => logits },
  ]
}
