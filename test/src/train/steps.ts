import type { Tensor as TfTensor } from '@tensorflow/tfjs-core'
import type { Tensor } from '../../../ir/index.ts'
import {
  correctName,
  labelsName,
  lossName,
  parseFixedPlan,
  placePlan,
  rateName,
  type StepRecipe,
  type TrainingStep,
  teacherName,
  trainingReduction,
  trainingStep,
} from '../../../passes/index.ts'
import { orThrow } from '../../../src/base/error.ts'
import type { Network } from '../../../src/network/network.ts'
import type { Tf } from '../../../src/runtime/native/load.ts'
import type { Carried } from '../../../src/train/step.ts'

/** The steps of a plan as it is named, without drawn numbers. */
export const stepOf = ({ graph }: Network, plan: string, recipe: Omit<StepRecipe, 'loss'>): TrainingStep => {
  const parsed = orThrow(parseFixedPlan(plan))
  const placed = orThrow(placePlan({ ...parsed, tta: false }, graph, () => 0.5))
  return orThrow(trainingStep(graph, placed, { ...recipe, loss: orThrow(trainingReduction(parsed)) }))
}

export interface Fed {
  readonly images: Float32Array
  /** `[n, classes]`. */
  readonly labels: Float32Array
  /** A teacher's scores `[n, classes]`. */
  readonly answers?: Float32Array | undefined
  readonly rate: number
}

/** What every step is given beside what it carries. */
export const fedOnce = (step: TrainingStep, { images, labels, answers, rate }: Fed): Carried => {
  const { type } = step.graph.nodes.find(node => node.tag === 'Input' && node.attributes.name === step.images) ?? {}
  if (type?.kind !== 'Map') throw new Error('no images')
  const { h, w, c } = type
  const n = images.length / (h * w * c)
  return new Map<string, Tensor>([
    [step.images, { shape: [n, h, w, c], data: images }],
    [labelsName, { shape: [n, labels.length / n], data: labels }],
    ...(answers === undefined ? [] : [[teacherName(0), { shape: [n, answers.length / n], data: answers }] as const]),
    [rateName, { shape: [], data: Float32Array.of(rate) }],
  ])
}

type Run = (inputs: Readonly<Record<string, TfTensor>>) => Readonly<Record<string, TfTensor>>

/** Runs so many steps on one batch: the losses, how many were right, and what is carried at last. */
export const runSteps = (tf: Tf, run: Run, step: TrainingStep, start: Carried, fed: Fed, count: number) => {
  const tensors = (values: Carried): Record<string, TfTensor> =>
    Object.fromEntries(
      [...values].map(([name, { shape, data }]) => [name, tf.tensor(Float32Array.from(data), [...shape])]),
    )
  const fixed = tensors(fedOnce(step, fed))
  let carried = tensors(start)
  const losses: number[] = []
  const correct: number[] = []
  for (let k = 0; k < count; k++) {
    const outputs = run({ ...fixed, ...carried })
    const [loss, right] = [outputs[lossName], outputs[correctName]]
    losses.push(loss.dataSync()[0])
    correct.push(right.dataSync()[0])
    tf.dispose([loss, right, carried])
    carried = Object.fromEntries(Object.keys(carried).map(name => [name, outputs[name]]))
  }
  const last: Carried = new Map(
    Object.entries(carried).map(([name, tensor]) => [
      name,
      { shape: tensor.shape, data: tensor.dataSync() as Float32Array },
    ]),
  )
  tf.dispose([fixed, carried])
  return { losses, correct, last }
}
