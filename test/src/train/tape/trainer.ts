import type { Scalar, Tensor, Variable } from '@tensorflow/tfjs-core'
import '@tensorflow/tfjs' // its gradients
import type { Graph, Tensor as Values } from '../../../../ir/index.ts'
import type { Tf } from '../../../../src/runtime/native/load.ts'
import { trainingForward } from './forward.ts'

export interface TrainerSettings {
  readonly momentum: number
  readonly weightDecay: number
  /** Weight of a batch in the running statistics. */
  readonly averaging: number
  /** Batch normalization by TensorFlow's own op. Default true. */
  readonly fused?: boolean
}

/** A branched graph whose parameters learn. */
export interface Trainer {
  /** One step of gradient descent on images `[n, h, w, c]` and their classes; the mean loss before it. */
  readonly step: (images: Tensor, labels: Int32Array, learningRate: number) => Promise<number>
  readonly values: () => Promise<ReadonlyMap<string, Values>>
}

const isStatistic = (name: string): boolean => /running_(mean|var)$/.test(name)

/** Stochastic gradient descent with Nesterov momentum on the cross-entropy of the reduced scores. */
export const trainer = (
  tf: Tf,
  graph: Graph,
  initial: ReadonlyMap<string, Values>,
  { momentum, weightDecay, averaging, fused = true }: TrainerSettings,
): Trainer => {
  const variables = new Map<string, Variable>(
    [...initial].map(([name, { shape, data }]) => [
      name,
      tf.variable(tf.tensor(Float32Array.from(data), [...shape]), !isStatistic(name)),
    ]),
  )
  const learned = [...variables].filter(([name]) => !isStatistic(name)).map(([, variable]) => variable)
  const velocities = learned.map(variable => tf.variable(tf.zerosLike(variable), false))
  const variable = (name: string): Variable => variables.get(name) as Variable

  const average = (name: string, batch: Tensor): void => {
    const running = variable(name)
    tf.tidy(() => running.assign(tf.add(running, tf.mul(tf.sub(batch, running), averaging))))
    batch.dispose()
  }

  const descend = (gradients: readonly Tensor[], learningRate: number): void =>
    gradients.forEach((gradient, k) => {
      tf.tidy(() => {
        const slope = tf.add(gradient, tf.mul(learned[k], weightDecay))
        velocities[k].assign(tf.add(tf.mul(velocities[k], momentum), slope))
        learned[k].assign(tf.sub(learned[k], tf.mul(tf.add(slope, tf.mul(velocities[k], momentum)), learningRate)))
      })
    })

  const step: Trainer['step'] = async (images, labels, learningRate) => {
    const pending: (() => void)[] = []
    const loss = tf.tidy(() => {
      const { value, grads } = tf.variableGrads(() => {
        const scores = trainingForward(graph, images, {
          tf,
          parameter: variable,
          fused,
          onStatistics: (mean, variance, batch) =>
            pending.push(() => {
              average(mean, batch[0])
              average(variance, batch[1])
            }),
        })
        const targets = tf.oneHot(tf.tensor1d(labels, 'int32'), scores.shape[1] as number)
        return tf.neg<Scalar>(tf.mean(tf.sum(tf.mul(tf.logSoftmax(scores), targets), 1)))
      }, learned)
      descend(
        learned.map(({ name }) => grads[name]),
        learningRate,
      )
      return value
    })
    for (const update of pending) update()
    const [value] = await loss.data()
    loss.dispose()
    return value
  }

  const values: Trainer['values'] = async () => {
    const entries: [string, Values][] = []
    for (const [name, { shape }] of initial)
      entries.push([name, { shape, data: (await variable(name).data()) as Float32Array }])
    return new Map(entries)
  }
  return { step, values }
}
