import type { Tensor as TfTensor } from '@tensorflow/tfjs-core'
import { either as E } from 'fp-ts'
import { EspalierError, evaluate, renderProblems, shapeOf, sizeOf, type Tensor } from '../../ir/index.ts'
import {
  correctionNames,
  corrections,
  correctName,
  labelsName,
  lossName,
  rateName,
  type TrainingStep,
  teacherName,
} from '../../passes/index.ts'
import { orThrow } from '../base/error.ts'
import type { ModelBackend } from '../execute/open-execution.ts'
import { openSavedModel } from '../execute/saved-model.ts'
import { executorWithoutRace } from '../execute/settle.ts'
import type { Precision } from '../lower/precision.ts'
import { type Executable, lower } from '../lower/tfjs/index.ts'
import { imageType, type Network } from '../network/network.ts'
import { openBackend } from '../runtime/backend.ts'
import { bfloat16Support } from '../runtime/bfloat16.ts'
import type { Tf } from '../runtime/native/load.ts'
import { trainingProblem } from './error.ts'
import type { TrainingExecutor } from './executors.ts'

export interface StepOptions {
  readonly backend?: ModelBackend
  /** Default `auto`: `graph` on the native backend, else `eager`. */
  readonly executor?: TrainingExecutor | 'auto'
  /** Of convolutions and what lies between them: weights, losses, statistics and what an epoch's end evaluates are float32 in any case. Default `float32`. */
  readonly precision?: Precision | undefined
  readonly debug?: boolean
}

/** What steps carry from one to the next, by name: parameters, those that stay as they are too, running statistics, velocities. */
export type Carried = ReadonlyMap<string, Tensor>

/** What a step is given beside what it carries. */
export interface StepInput {
  /** `[n, h, w, c]`, preprocessed. */
  readonly images: Float32Array
  /** The class of each image; none where a teacher's answers or targets stand for them. */
  readonly labels: readonly number[]
  /** What an output is held against that is of no class, by the names of the inputs. */
  readonly targets?: ReadonlyMap<string, Tensor> | undefined
  /** A teacher's answers to each output: scores, where its kind has them. */
  readonly answers?: readonly Float32Array[] | undefined
  readonly rate: number
  /** Its number, from 1, which AdamW corrects its averages by. Default 1. */
  readonly step?: number
  /** By input name, a matrix `[2, 2]`. */
  readonly matrices: ReadonlyMap<string, Float32Array>
}

export interface StepResult {
  readonly loss: number
  /** How many images the scores were right about, before the step; null of a network that is no classifier. */
  readonly correct: number | null
}

/** A training step loaded into a runtime, with what it carries. */
export interface OpenStep {
  readonly backend: Exclude<ModelBackend, 'auto'>
  readonly executor: TrainingExecutor | 'reference'
  readonly precision: Precision
  /** What computes, for people; and why nothing better was taken. */
  readonly describe: string
  readonly reason?: string
  readonly run: (input: StepInput) => Promise<StepResult>
  /** What it carries now. */
  readonly carried: () => Promise<Carried>
  readonly dispose: () => void
}

type Facts = Pick<OpenStep, 'backend' | 'executor' | 'precision' | 'describe' | 'reason'>

/** What the first step carries: a network's values, and velocities of 0. */
export const carriedAtFirst = (step: TrainingStep, { parameters }: Network): Carried =>
  new Map([
    ...[...step.parameters, ...step.statistics, ...step.fixed].map(
      name => [name, parameters.get(name) as Tensor] as const,
    ),
    ...[...step.velocities].map(([name, parameter]): [string, Tensor] => {
      const { shape } = parameters.get(parameter) as Tensor
      return [name, { shape, data: new Float32Array(sizeOf(shape)) }]
    }),
  ])

const oneHot = (labels: readonly number[], classes: number): Float32Array => {
  const rows = new Float32Array(labels.length * classes)
  labels.forEach((label, row) => {
    rows[row * classes + label] = 1
  })
  return rows
}

const scalar = (value: number): Tensor => ({ shape: [], data: Float32Array.of(value) })

type Feed = (input: StepInput) => ReadonlyMap<string, Tensor>

/** What a step is fed for one batch, by the names of its inputs. */
const feedOf = (step: TrainingStep, network: Network): Feed => {
  const { h, w, c } = imageType(network)
  const corrected = (number: number) => (step.adamw === undefined ? [] : corrections(step.adamw, number))
  const shapes = network.graph.outputs.map(({ node }) => shapeOf(network.graph.nodes[node].type))
  return ({ images, labels, targets = [], answers = [], rate, step: number = 1, matrices }) => {
    const n = images.length / (h * w * c)
    const taught = answers.map((data, k): Tensor => ({ shape: [n, ...shapes[k]], data }))
    const [classes] = shapes[0]
    const labelsOf = (): Tensor =>
      labels.length === 0 && taught.length > 0 ? taught[0] : { shape: [n, classes], data: oneHot(labels, classes) }
    return new Map<string, Tensor>([
      [step.images, { shape: [n, h, w, c], data: images }],
      ...(step.labelled ? [[labelsName, labelsOf()] as const] : []),
      ...targets,
      ...taught.map((answer, k) => [teacherName(k), answer] as const),
      [rateName, scalar(rate)],
      ...corrected(number).map((value, k) => [correctionNames[k], scalar(value)] as const),
      ...[...matrices].map(([name, data]): [string, Tensor] => [name, { shape: [2, 2], data }]),
    ])
  }
}

const float32 = (data: Tensor['data']): Float32Array => (data instanceof Float32Array ? data : Float32Array.from(data))

/** What is carried: what stays as it is, and what each step gives anew. */
interface Split {
  readonly fixed: Carried
  readonly moving: Carried
}

export const splitCarried = (step: TrainingStep, carried: Carried): Split => {
  const stays = new Set(step.fixed)
  const those = (fixed: boolean): Carried => new Map([...carried].filter(([name]) => stays.has(name) === fixed))
  return { fixed: those(true), moving: those(false) }
}

/** Steps on TensorFlow.js: what is carried stays in the runtime's memory from step to step. */
const onTensorFlow = (tf: Tf, executable: Executable, feed: Feed, { fixed, moving }: Split, facts: Facts): OpenStep => {
  const tensors = (values: ReadonlyMap<string, Tensor>): Record<string, TfTensor> =>
    Object.fromEntries([...values].map(([name, { shape, data }]) => [name, tf.tensor(float32(data), [...shape])]))
  let carried = tensors(moving)
  return {
    ...facts,
    run: async input => {
      const fed = tensors(feed(input))
      const { [lossName]: loss, [correctName]: correct, ...next } = executable.run({ ...fed, ...carried })
      tf.dispose([fed, carried])
      carried = next
      const told = correct === undefined ? [loss] : [loss, correct]
      try {
        const [[lossNow], [correctNow] = [null]] = await Promise.all(told.map(value => value.data()))
        return { loss: lossNow, correct: correctNow }
      } finally {
        tf.dispose(told)
      }
    },
    carried: async () =>
      new Map([
        ...fixed,
        ...(await Promise.all(
          Object.entries(carried).map(
            async ([name, value]): Promise<[string, Tensor]> => [
              name,
              { shape: value.shape, data: Float32Array.from(await value.data()) },
            ],
          ),
        )),
      ]),
    dispose: () => {
      tf.dispose(carried)
      executable.dispose()
    },
  }
}

const onEvaluator = ({ graph, labelled }: TrainingStep, feed: Feed, { fixed, moving }: Split): OpenStep => {
  let carried = moving
  return {
    backend: 'reference',
    executor: 'reference',
    precision: 'float32',
    describe: 'the reference evaluator, plain TypeScript in float64',
    run: async input => {
      const outputs = evaluate(graph, { inputs: new Map([...feed(input), ...carried]), parameters: fixed })
      if (E.isLeft(outputs)) throw new Error(renderProblems(outputs.left))
      const values = outputs.right
      carried = new Map([...carried.keys()].map(name => [name, values.get(name) as Tensor]))
      const number = (name: string): number => (values.get(name) as Tensor).data[0]
      return { loss: number(lossName), correct: labelled ? number(correctName) : null }
    },
    carried: async () => new Map([...fixed, ...carried]),
    dispose: () => {},
  }
}

const wholeGraphs = (executor: StepOptions['executor']): boolean => executor === 'graph' || executor === 'xla'

/** Loads a step into a runtime. @throws EspalierError where there is none that runs it */
export const openStep = async (
  step: TrainingStep,
  network: Network,
  start: Carried,
  { backend = 'auto', executor = 'auto', precision = 'float32', debug = false }: StepOptions = {},
): Promise<OpenStep> => {
  const feed = feedOf(step, network)
  const narrow = precision === 'bfloat16'
  const whole = wholeGraphs(executor) || narrow
  if (whole && backend !== 'auto' && backend !== 'node-gpu') {
    const [where, hint] = narrow ? ['--precision bfloat16', '--precision'] : [executor, '--executor']
    throw new EspalierError([
      trainingProblem('executor-not-there', where, `backend ${backend}`, 'backend node-gpu', `leave out ${hint}`),
    ])
  }
  if (narrow && executor === 'eager')
    throw new EspalierError([
      trainingProblem('executor-not-there', '--precision bfloat16', 'executor eager', 'graph or xla'),
    ])
  const split = splitCarried(step, start)
  if (backend === 'reference') return onEvaluator(step, feed, split)
  const opened = orThrow(await openBackend(whole ? 'node-gpu' : backend, { debug }))
  const { tf, native, name, describe, reason } = opened
  const taken = executor === 'auto' ? executorWithoutRace(name) : executor
  if (narrow) orThrow(bfloat16Support(native?.installed.contents.accelerator))
  const executable =
    native === undefined || taken === 'eager'
      ? lower(tf, step.graph, split.fixed)
      : await openSavedModel(native, step.graph, split.fixed, { xla: taken === 'xla', precision })
  return onTensorFlow(tf, executable, feed, split, {
    backend: name,
    executor: taken,
    precision,
    describe,
    reason,
  })
}
