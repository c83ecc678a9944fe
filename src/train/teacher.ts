import * as t from 'io-ts'
import { EspalierError, type Problem, shapeOf } from '../../ir/index.ts'
import { leastLogarithm } from '../../ir/ops/certainty.ts'
import { factsOfKind, type Plan } from '../../passes/index.ts'
import { readPlan } from '../compile/read-plan.ts'
import type { ShapedOutput } from '../execute/prediction.ts'
import { networkDigest } from '../network/digest.ts'
import { classCount, imageType, isClassifier, type Network, outputsOf } from '../network/network.ts'
import { openUncompiled } from '../open/opening.ts'
import { AboveZero, closed, numberThat } from './closed-record.ts'
import { trainingProblem } from './error.ts'
import { openCompiled } from './open-compiled.ts'
import type { OpenStep } from './step.ts'

/** Whose answers a network learns, and how much of the loss they are. */
export const Teacher = closed(
  {
    /** `same`: the network as the training begins with it; else a reference as `--network` takes it. */
    network: t.string,
    /** What it answers under. */
    plan: t.string,
    /** Both answers' scores are divided by it. */
    temperature: AboveZero,
    /** What part of the loss is the divergence from its answers; with 1 no labels are needed. */
    weight: numberThat('a number above 0, at most 1', x => x > 0 && x <= 1),
  },
  {
    /** Weights of a zoo network or a graph: a safetensors file. */
    weights: t.string,
  },
)
export type Teacher = t.TypeOf<typeof Teacher>

/** A teacher that was read. */
export interface ReadTeacher {
  readonly network: Network
  readonly plan: Plan
  /** What tells it from others. */
  readonly identity: string
}

const same = 'same'

const answersOf = (network: Network): string => {
  if (isClassifier(network)) return `${classCount(network)} classes`
  const { nodes, outputs } = network.graph
  return outputsOf(network)
    .map(({ kind }, k) => `${kind} of ${shapeOf(nodes[outputs[k].node].type).join(' × ')}`)
    .join(', ')
}

const sizes = (network: Network): string => {
  const { h, w, c } = imageType(network)
  return `${answersOf(network)} of images of ${h} × ${w} × ${c}`
}

/** Reads the teacher of a network. @throws EspalierError where it takes other images or answers otherwise */
export const readTeacher = async (
  { network: reference, weights, plan }: Teacher,
  student: Network,
  seed: number,
): Promise<ReadTeacher> => {
  const network =
    reference === same
      ? student
      : (await openUncompiled({ network: reference, weights, seed }, { where: 'teacher.network' })).network
  const [seen, wanted] = [sizes(network), sizes(student)]
  if (seen !== wanted)
    throw new EspalierError([trainingProblem('other-teacher', `teacher.network ${reference}`, seen, wanted)])
  return { network, plan: await readPlan(plan), identity: networkDigest(network) }
}

/** A teacher at work. */
export interface OpenTeacher {
  /** Of images `[n, h, w, c]` every output, in order: scores, where its kind has them. */
  readonly answers: (images: Float32Array) => Promise<readonly Float32Array[]>
  readonly dispose: () => void
}

/** No probability has a logarithm of −∞, times which it would not be 0. */
const finite = (score: number): number => Math.max(score, leastLogarithm)

/** Beyond it, either way, a label's probability is 0 or 1 to any float32. */
const surest = 100

const ofLabel = (score: number): number => Math.min(Math.max(score, -surest), surest)

/** An output's scores, where its kind has them, from what comes out. */
const scoresOf = ({ kind, gives }: Pick<ShapedOutput, 'kind' | 'gives'>, data: Float32Array): Float32Array => {
  const given = gives === 'probabilities'
  switch (factsOfKind(kind).probabilities) {
    case 'softmax':
      return data.map(given ? p => finite(Math.log(p)) : finite)
    case 'sigmoid':
      return data.map(given ? p => ofLabel(Math.log(p) - Math.log1p(-p)) : ofLabel)
    default:
      return data
  }
}

/** A problem of the plan that a teacher answers under. */
const ofTeacher = ({ hint, ...problem }: Problem): Problem => ({
  ...problem,
  where: `the teacher, ${problem.where}`,
  ...(hint === undefined ? {} : { hint: `--teacher-plan ${hint}, or teacher.plan of the recipe` }),
})

/** Compiles a teacher and loads it where its student's steps run. @throws EspalierError */
export const openTeacher = async (
  { network, plan }: ReadTeacher,
  where: Pick<OpenStep, 'backend' | 'executor'>,
  options: { readonly seed: number; readonly batch: number },
): Promise<OpenTeacher> => {
  const model = await openCompiled(network, plan, where, options, ofTeacher)
  return {
    answers: async images => {
      const { outputs } = await model.predict(images)
      return model.outputs.map(output => scoresOf(output, outputs[output.name].data))
    },
    dispose: model.dispose,
  }
}
