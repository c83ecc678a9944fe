import { isDeepStrictEqual } from 'node:util'
import { EspalierError, type Tensor } from '../../ir/index.ts'
import {
  type FixedPlan,
  placePlan,
  printPlan,
  type TrainingStep,
  trainingReduction,
  trainingStep,
} from '../../passes/index.ts'
import { orThrow } from '../base/error.ts'
import { random } from '../base/random.ts'
import { type DataSet, fingerprint, type Preprocess } from '../data/index.ts'
import { preprocessFor } from '../network/fit-data.ts'
import type { Measured } from '../network/fit-targets.ts'
import { isClassifier, type Network, outputsOf } from '../network/network.ts'
import { answeringPlan } from './answering-plan.ts'
import { hasCheckpoint, misfits, readCheckpoint, type State } from './checkpoint.ts'
import { trainingProblem } from './error.ts'
import { namedBy } from './freeze.ts'
import { splitHeldOut, subset } from './held-out.ts'
import { checkMemory } from './memory.ts'
import type { Progress } from './progress.ts'
import { adamwOf, type Recipe, weightDecayOf } from './recipe.ts'
import { type Carried, carriedAtFirst } from './step.ts'
import { type ReadTeacher, readTeacher } from './teacher.ts'
import { stepsPerEpoch } from './training-batches.ts'
import { heldOutOf, type TrainingData, trainingData } from './training-data.ts'

export interface TrainingOptions {
  /** Of initial order, augmentation and drawn transforms. Default 0. */
  readonly seed?: number
  /** How images become the network's input. Default: as the data set's networks take them. */
  readonly preprocess?: Preprocess
  /** Where checkpoints and logs are kept; nowhere without it. */
  readonly out?: string
  /** Goes on from the checkpoint in `out`. */
  readonly resume?: boolean
}

/** A training that is ready to begin: everything read and checked, nothing written. */
export interface Training extends TrainingData {
  readonly network: Network
  /** With a reduction to count right answers by. */
  readonly plan: FixedPlan
  readonly recipe: Recipe
  readonly seed: number
  readonly step: TrainingStep
  readonly teacher?: ReadTeacher | undefined
  readonly preprocess: Preprocess
  readonly images: Int32Array
  readonly heldOut: DataSet
  readonly stepsPerEpoch: number
  /** Where it begins or goes on. */
  readonly state: State
}

/** A plan on a network, and what its training makes of the variants' losses. */
const placedForTraining = (network: Network, plan: FixedPlan, seed: number) => {
  const { graph, outputs } = network
  const place = (inference: FixedPlan['inference']) =>
    orThrow(placePlan({ ...plan, inference, tta: false }, graph, random(seed, 'plan').next, outputs))
  if (isClassifier(network)) return { placed: place(plan.inference), loss: orThrow(trainingReduction(plan)) }
  // Other outputs are reduced as the plan is placed; all kinds have a mean.
  const apart = plan.training === 'none'
  return { placed: place(apart ? 'mean' : plan.training), loss: apart ? ('none' as const) : ('sum' as const) }
}

const stepOf = (
  network: Network,
  plan: FixedPlan,
  recipe: Recipe,
  measured: Measured | undefined,
  seed: number,
): TrainingStep => {
  const { graph, parameters, fixed = new Set() } = network
  const { placed, loss } = placedForTraining(network, plan, seed)
  const { freeze = [] } = recipe
  const frozen = freeze === 'shared' ? [] : orThrow(namedBy(freeze, [...parameters.keys()]))
  return orThrow(
    trainingStep(graph, placed, {
      loss,
      labelSmoothing: recipe.label_smoothing,
      target: measured && numberOf(network, measured),
      teacher: recipe.teacher,
      momentum: recipe.momentum,
      nesterov: recipe.nesterov,
      adamw: adamwOf(recipe),
      weightDecay: weightDecayOf(recipe, graph),
      batchNormMomentum: recipe.batch_norm_momentum,
      gradientClipping: recipe.gradient_clipping,
      fixed: new Set([...fixed, ...frozen]),
      fixesShared: freeze === 'shared',
    }),
  )
}

/** The number of the output that is measured. */
const numberOf = (network: Network, { output }: Measured): number =>
  outputsOf(network).findIndex(({ name }) => name === output)

/** What a checkpoint must agree in with what is asked for. */
const identity = ['network', 'plan', 'recipe', 'teacher', 'seed', 'data'] as const

/** What is carried from step to step, as a checkpoint has it. */
export const stateOf = (
  { fixed = new Set() }: Network,
  step: TrainingStep,
  carried: Carried,
  progress: Progress,
): State => {
  const pick = (names: readonly string[]): ReadonlyMap<string, Tensor> =>
    new Map(names.map(name => [name, carried.get(name) as Tensor]))
  return {
    parameters: pick([...step.parameters, ...step.statistics, ...step.fixed]),
    // What a recipe freezes is a weight all the same: who trains on may not.
    fixed: step.fixed.filter(name => fixed.has(name)),
    velocities: pick([...step.velocities.keys()]),
    progress,
  }
}

const refuseWithoutCheckpoint = async (folder: string): Promise<void> => {
  if (!(await hasCheckpoint(folder))) await readCheckpoint(folder)
}

/** The state that a folder's checkpoint has. @throws EspalierError where it is of another training than the fresh one */
const resumed = async (folder: string, fresh: State): Promise<State> => {
  const state = await readCheckpoint(folder)
  const differing = identity.filter(key => !isDeepStrictEqual(fresh.progress[key], state.progress[key]))
  const problems = differing.map(key =>
    trainingProblem(
      'other-training',
      `${folder}, ${key}`,
      JSON.stringify(state.progress[key]),
      JSON.stringify(fresh.progress[key]),
      'resume with the flags that it began with',
    ),
  )
  const wrong = [...problems, ...misfits(folder, state, fresh)]
  if (wrong.length > 0) throw new EspalierError(wrong)
  return state
}

const refuseToOverwrite = async (folder: string): Promise<void> => {
  if (await hasCheckpoint(folder))
    throw new EspalierError([
      trainingProblem('training-exists', folder, 'a checkpoint', 'a folder without', '--resume, or another --out'),
    ])
}

/** Reads and checks all that a training needs. @throws EspalierError where something of it does not fit */
export const openTraining = async (
  network: Network,
  plan: FixedPlan,
  recipe: Recipe,
  given: DataSet,
  { seed = 0, preprocess, out, resume = false }: TrainingOptions,
): Promise<Training> => {
  const { data, measured } = trainingData(network, recipe, given)
  const teacher = recipe.teacher === undefined ? undefined : await readTeacher(recipe.teacher, network, seed)
  const answering = answeringPlan(network, plan)
  const step = stepOf(network, answering, recipe, measured, seed)
  const { training: images, heldOut } = orThrow(splitHeldOut(data.count, heldOutOf(recipe, { data, measured }), seed))
  orThrow(checkMemory(network.graph, Math.min(recipe.batch, images.length)))
  const progress: Progress = {
    network: network.name,
    plan: printPlan(plan),
    recipe: JSON.parse(JSON.stringify(recipe)),
    teacher: teacher?.identity,
    seed,
    data: orThrow(await fingerprint(data)),
    epoch: 0,
    step_in_epoch: 0,
    steps: 0,
    best: null,
    running: { loss: 0, correct: 0, images: 0 },
  }
  if (out !== undefined && resume) await refuseWithoutCheckpoint(out)
  return {
    network,
    plan: answering,
    recipe,
    seed,
    step,
    teacher,
    preprocess: preprocessFor(network, data, preprocess),
    data,
    measured,
    images,
    heldOut: subset(data, heldOut),
    stepsPerEpoch: stepsPerEpoch(images.length, recipe.batch),
    state: stateOf(network, step, carriedAtFirst(step, network), progress),
  }
}

/**
 * The training as its folder has it where it is resumed, else from its start; nobody else may write to the folder meanwhile.
 *
 * @throws EspalierError where there is another training, or one to overwrite
 */
export const resumeOrStart = async (
  training: Training,
  { out, resume = false }: Pick<TrainingOptions, 'out' | 'resume'>,
): Promise<Training> => {
  if (out === undefined) return training
  if (resume) return { ...training, state: await resumed(out, training.state) }
  await refuseToOverwrite(out)
  return training
}
