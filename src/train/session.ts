import { EspalierError, type Tensor } from '../../ir/index.ts'
import { printPlan } from '../../passes/index.ts'
import type { Skipped } from '../data/index.ts'
import type { MeasuredValue } from '../measures/index.ts'
import type { Network } from '../network/network.ts'
import type { State } from './checkpoint.ts'
import { drawnMatrices } from './draws.ts'
import { trainingProblem } from './error.ts'
import type { SkippedImage, TrainingEvent, Validation } from './events.ts'
import { learningRateAt } from './learning-rate.ts'
import type { Progress } from './progress.ts'
import { noRecords, openRecords } from './records.ts'
import { openStep, type StepOptions } from './step.ts'
import { heldOutput, targetsFed, watchForeground } from './targets.ts'
import { openTeacher } from './teacher.ts'
import { stateOf, type Training } from './training.ts'
import type { TrainingBatch } from './training-batches.ts'
import { validate } from './validate.ts'

export interface SessionOptions extends StepOptions {
  /** Where checkpoints and logs are kept; nowhere without it. */
  readonly out?: string
  /** Steps in all. */
  readonly steps: number
  readonly signal?: AbortSignal
}

type Events = AsyncGenerator<TrainingEvent, void>

/** A training under way on a runtime, with its records. */
export interface Session {
  readonly progress: () => Progress
  /** Of the last epoch that was closed. */
  readonly validation: () => Validation | null
  readonly start: () => Events
  readonly step: (batch: TrainingBatch) => Promise<Extract<TrainingEvent, { event: 'step' }>>
  /** In place of the step of a batch of which no image can be decoded. */
  readonly stepOver: (batch: TrainingBatch) => void
  /** Tells of images that are left out, of each once. */
  readonly skip: (skipped: readonly Skipped[]) => Events
  readonly skipped: () => readonly SkippedImage[]
  /** Validates and begins the next epoch; interrupted, it leaves the epoch to be closed after a resume. */
  readonly closeEpoch: () => Events
  /** Writes a checkpoint, where there is none of this step. */
  readonly save: () => Events
  /** Seconds since the last checkpoint, or since the beginning. */
  readonly unsavedSeconds: () => number
  /** The network with the values that it has now. */
  readonly network: () => Promise<Network>
  readonly close: () => Promise<void>
}

const nothing: Progress['running'] = { loss: 0, correct: 0, images: 0 }

/** Of a network that is no classifier no answer is right or wrong. */
const percentWrong = (correct: number | null, images: number): number | null =>
  correct === null ? null : (100 * (images - correct)) / images

const checkFinite = (what: string, where: string, finite: boolean, { statistics }: Training['step']): void => {
  if (finite) return
  const seen = `${what} that is not a finite number`
  const folded =
    statistics.length === 0
      ? ': the network has no batch normalization, which exports fold into convolutions, and without it bears far smaller steps'
      : ''
  const hint = `a lower --learning-rate${folded}, or gradient_clipping in the recipe; the last checkpoint is as it was`
  throw new EspalierError([trainingProblem('not-finite', where, seen, 'a finite one', hint)], 'failure')
}

const allFinite = ({ data }: Tensor): boolean => data.every(Number.isFinite)

const advanced = (progress: Progress, { n }: TrainingBatch, loss: number, correct: number): Progress => ({
  ...progress,
  steps: progress.steps + 1,
  step_in_epoch: progress.step_in_epoch + 1,
  running: {
    loss: progress.running.loss + n * loss,
    correct: progress.running.correct + correct,
    images: progress.running.images + n,
  },
})

type Best = NonNullable<Progress['best']>

/** What of a validation says whether weights are the best: the error, else the first measure; undefined where there is none. */
const scored = ({ errorPercent, measures = [] }: Validation) => {
  if (errorPercent !== null)
    return {
      best: { error_percent: errorPercent },
      betterThan: (best: Best): boolean => 'error_percent' in best && errorPercent < best.error_percent,
    }
  const [{ name: measure, value, better } = { name: '', value: undefined, better: 'higher' }] = measures
  if (value === undefined) return undefined
  const sign = better === 'higher' ? 1 : -1
  return {
    best: { measure, value },
    betterThan: (best: Best): boolean => 'value' in best && sign * value > sign * best.value,
  }
}

/** The measures that there are, by name. */
const numbersOf = (measures: readonly MeasuredValue[]): Readonly<Record<string, number>> =>
  Object.fromEntries(measures.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]])))

/** The beginning of the next epoch, with what the last came to and the best validation so far. */
const closed = (progress: Progress, errorPercent: number | null, validation: Validation | null): Progress => {
  const { best, epoch, steps: step, running } = progress
  const found = validation === null ? undefined : scored(validation)
  const better = found !== undefined && (best === null || found.betterThan(best))
  const next = { epoch: epoch + 1, step_in_epoch: 0, running: nothing }
  const last_epoch = {
    loss: running.loss / running.images,
    error_percent: errorPercent,
    validation: validation && {
      images: validation.images,
      error_percent: validation.errorPercent,
      ...(validation.measures === undefined ? {} : { measures: numbersOf(validation.measures) }),
    },
  }
  return { ...progress, ...next, last_epoch, best: better ? { ...found.best, epoch: epoch + 1, step } : best }
}

/** Loads a training into a runtime and opens its records. @throws EspalierError */
export const openSession = async (training: Training, options: SessionOptions): Promise<Session> => {
  const { recipe, network, plan, seed, step, stepsPerEpoch, heldOut, preprocess, images } = training
  const { out, steps, signal } = options
  const first = training.state.progress.steps
  let { progress } = training.state
  const carried = new Map([...training.state.parameters, ...training.state.velocities])
  const open = await openStep(step, network, carried, options)
  const teacher = training.teacher && (await openTeacher(training.teacher, open, { seed, batch: recipe.batch }))
  const records = out === undefined ? noRecords : await openRecords(out, network, first === 0 ? undefined : first)
  let saved = { steps: first === 0 ? -1 : first, at: performance.now() }
  let stepBegun = performance.now()
  let epochBegun = stepBegun
  let validation: Validation | null = null
  const skipped = new Map<string, string>()
  const held = heldOutput(training)
  const foreground = watchForeground(held)

  const told = async <E extends TrainingEvent>(event: E): Promise<E> => {
    await records.write(event)
    return event
  }
  const secondsSince = (moment: number): number => (performance.now() - moment) / 1000
  const stateNow = async (): Promise<State> => {
    const state = stateOf(network, step, await open.carried(), progress)
    for (const [name, value] of state.parameters)
      checkFinite('a value', `step ${progress.steps}, ${name}`, allFinite(value), step)
    return state
  }
  const networkNow = async (): Promise<Network> => ({ ...network, parameters: (await stateNow()).parameters })

  async function* checkpoint(best: boolean): Events {
    if (out === undefined) return
    await records.checkpoint(await stateNow(), { best })
    saved = { steps: progress.steps, at: performance.now() }
    yield await told({ event: 'checkpoint', step: progress.steps, epoch: progress.epoch, folder: out, best })
  }

  async function* start(): Events {
    const { backend, executor, precision, describe, reason } = open
    yield await told({
      event: 'start',
      network: network.name,
      plan: printPlan(plan),
      steps,
      epochs: recipe.epochs,
      firstStep: first,
      images: images.length,
      validationImages: heldOut.count,
      seed,
      backend,
      executor,
      precision,
      describe,
      reason,
    })
    if (first === 0) yield* checkpoint(false)
    epochBegun = performance.now()
    stepBegun = epochBegun
  }

  const runStep: Session['step'] = async batch => {
    const rate = learningRateAt(recipe, { step: progress.steps, stepsPerEpoch })
    const matrices = drawnMatrices(step, seed, progress.steps)
    const { images, labels } = batch
    const answers = await teacher?.answers(images)
    const targets = held && targetsFed(batch.targets, held)
    foreground.look(batch.targets)
    const number = progress.steps + 1
    const { loss, correct } = await open.run({ images, labels, targets, answers, rate, step: number, matrices })
    checkFinite('a loss', `step ${progress.steps + 1}`, Number.isFinite(loss), step)
    progress = advanced(progress, batch, loss, correct ?? 0)
    const event = await told({
      event: 'step',
      step: progress.steps,
      epoch: batch.epoch + 1,
      loss,
      errorPercent: percentWrong(correct, batch.n),
      learningRate: rate,
      imagesPerSecond: batch.n / secondsSince(stepBegun),
    })
    stepBegun = performance.now()
    return event
  }

  async function* skip(images: readonly Skipped[]): Events {
    for (const { problem } of images) {
      if (skipped.has(problem.where)) continue
      skipped.set(problem.where, problem.seen)
      yield await told({ event: 'skipped', image: problem.where, error: problem.seen })
    }
  }

  async function* closeEpoch(): Events {
    const { running, epoch, steps: done, best } = progress
    if (running.images === 0) {
      const seen = 'no image that can be decoded'
      throw new EspalierError([trainingProblem('too-few-images', `epoch ${epoch + 1}`, seen, 'one at least')])
    }
    foreground.check(epoch + 1, running.images)
    if (heldOut.count > 0) {
      const options = { batch: recipe.batch, preprocess, measured: training.measured, seed, signal }
      const validated = await validate(await networkNow(), plan, heldOut, open, options)
      if (validated === null) return
      validation = validated.validation
      yield* skip(validated.skipped)
    }
    const errorPercent = percentWrong(step.labelled ? running.correct : null, running.images)
    yield await told({
      event: 'epoch',
      epoch: epoch + 1,
      step: done,
      loss: running.loss / running.images,
      errorPercent,
      validation,
      seconds: secondsSince(epochBegun),
    })
    progress = closed(progress, errorPercent, validation)
    const better = progress.best !== best
    if (better || progress.epoch % recipe.checkpoint_every === 0) yield* checkpoint(better)
    epochBegun = performance.now()
    stepBegun = epochBegun
  }

  return {
    progress: () => progress,
    validation: () => validation,
    start,
    step: runStep,
    stepOver: batch => {
      progress = advanced(progress, batch, 0, 0)
    },
    skip,
    skipped: () => [...skipped].map(([image, error]) => ({ image, error })),
    closeEpoch,
    save: async function* () {
      if (saved.steps !== progress.steps) yield* checkpoint(false)
    },
    unsavedSeconds: () => secondsSince(saved.at),
    network: networkNow,
    close: async () => {
      open.dispose()
      teacher?.dispose()
      await records.close()
    },
  }
}
