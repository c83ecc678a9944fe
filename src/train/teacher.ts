import * as t from 'io-ts'
import { EspalierError } from '../../ir/index.ts'
import { leastLogarithm } from '../../ir/ops/certainty.ts'
import type { Plan } from '../../passes/index.ts'
import { orThrow } from '../base/error.ts'
import { compileNetwork } from '../compile/compile.ts'
import { readPlan } from '../compile/read-plan.ts'
import { openModel } from '../execute/model.ts'
import { networkDigest } from '../network/digest.ts'
import { classCount, imageType, type Network } from '../network/network.ts'
import { openUncompiled } from '../open/opening.ts'
import { AboveZero, closed, numberThat } from './closed-record.ts'
import { trainingProblem } from './error.ts'
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

const sizes = (network: Network): string => {
  const { h, w, c } = imageType(network)
  return `${classCount(network)} classes of images of ${h} × ${w} × ${c}`
}

/** Reads the teacher of a network. @throws EspalierError where it takes other images or has other classes */
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
  /** Scores `[n, classes]` of images `[n, h, w, c]`. */
  readonly answers: (images: Float32Array) => Promise<Float32Array>
  readonly dispose: () => void
}

/** Compiles a teacher and loads it where its student's steps run. @throws EspalierError */
export const openTeacher = async (
  { network, plan }: ReadTeacher,
  { backend, executor }: Pick<OpenStep, 'backend' | 'executor'>,
  { seed, batch }: { readonly seed: number; readonly batch: number },
): Promise<OpenTeacher> => {
  const compiled = orThrow(
    compileNetwork(network, plan, { seed, batch, backend: backend === 'reference' ? undefined : backend }),
  )
  const model = await openModel(compiled, { backend, batch, executor: executor === 'reference' ? 'auto' : executor })
  return {
    // No probability has a logarithm of −∞, times which it would not be 0.
    answers: async images => (await model.predict(images)).logits.map(score => Math.max(score, leastLogarithm)),
    dispose: model.dispose,
  }
}
