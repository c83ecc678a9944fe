import type { FixedPlan } from '../../passes/index.ts'
import { lockFolder } from '../base/lock-folder.ts'
import type { Network } from '../network/network.ts'
import type { Trained, TrainingEvent } from './events.ts'
import type { Recipe } from './recipe.ts'
import { openSession, type Session } from './session.ts'
import type { StepOptions } from './step.ts'
import { openTraining, resumeOrStart, type Training, type TrainingOptions } from './training.ts'
import { openSource, type TrainingSource, trainingBatches } from './training-batches.ts'

/** How a network is trained, beside its recipe. */
export interface TrainOptions extends TrainingOptions, StepOptions {
  /** Steps in all; overrides the recipe's epochs. */
  readonly maxSteps?: number
  /** Stops after the step under way, and saves. */
  readonly signal?: AbortSignal
  /** Seconds between checkpoints within an epoch. Default 600. */
  readonly checkpointSeconds?: number
  /** Threads that prepare images which are given by reference. Default 1. */
  readonly workers?: number
}

/** The source with the labels that the training has for its classes, for the threads that open it anew, too. */
const sourceOf = (source: TrainingSource, { data }: Training): TrainingSource =>
  'reference' in source
    ? { ...source, open: { ...source.open, classes: data.classes ?? source.open?.classes }, data }
    : data

/** Mean loss and error of the steps of a run, weighed by their images. */
const tally = () => {
  const losses: number[] = []
  let [loss, images] = [0, 0]
  let wrong: number | null = 0
  return {
    losses,
    add: (event: Extract<TrainingEvent, { event: 'step' }>, n: number): void => {
      losses.push(event.loss)
      loss += n * event.loss
      wrong = wrong === null || event.errorPercent === null ? null : wrong + (n * event.errorPercent) / 100
      images += n
    },
    images: () => images,
    means: () => ({
      loss: images === 0 ? null : loss / images,
      errorPercent: images === 0 || wrong === null ? null : (100 * wrong) / images,
    }),
  }
}

async function* takeSteps(
  training: Training,
  source: TrainingSource,
  options: TrainOptions,
): AsyncGenerator<TrainingEvent, Trained> {
  const { maxSteps, signal, checkpointSeconds = 600, workers } = options
  const begun = performance.now()
  const { recipe, seed, stepsPerEpoch, preprocess, images } = training
  const steps = maxSteps ?? recipe.epochs * stepsPerEpoch
  const session: Session = await openSession(training, { ...options, steps })
  const stopped = (): boolean => session.progress().steps >= steps || signal?.aborted === true
  const run = tally()
  let latest: Pick<Trained, 'loss' | 'errorPercent'> | undefined
  async function* closeEpoch(): AsyncGenerator<TrainingEvent, void> {
    for await (const event of session.closeEpoch()) {
      if (event.event === 'epoch') latest = { loss: event.loss, errorPercent: event.errorPercent }
      yield event
    }
  }
  try {
    yield* session.start()
    if (session.progress().step_in_epoch === stepsPerEpoch) yield* closeEpoch()
    const { epoch, step_in_epoch: index } = session.progress()
    if (!stopped())
      for await (const batch of trainingBatches(sourceOf(source, training), {
        recipe: { ...recipe, epochs: Math.ceil(steps / stepsPerEpoch) },
        preprocess,
        seed,
        images,
        labelled: training.data.labelled,
        times: training.step.targets.length > 0 ? training.measured?.times : undefined,
        start: { epoch, index },
        workers,
      })) {
        yield* session.skip(batch.skipped)
        if (batch.n === 0) session.stepOver(batch)
        else {
          const event = await session.step(batch)
          run.add(event, batch.n)
          yield event
        }
        if (session.progress().step_in_epoch === stepsPerEpoch) yield* closeEpoch()
        else if (session.unsavedSeconds() > checkpointSeconds) yield* session.save()
        if (stopped()) break
      }
    const trained = await session.network()
    yield* session.save()
    const seconds = (performance.now() - begun) / 1000
    const done = session.progress()
    return {
      network: trained,
      steps: done.steps,
      epochs: done.epoch,
      losses: run.losses,
      ...(latest ?? run.means()),
      validation: session.validation(),
      skipped: session.skipped(),
      seconds,
      imagesPerSecond: run.images() / seconds,
      checkpoint: options.out ?? null,
      interrupted: done.steps < steps,
    }
  } finally {
    await session.close()
  }
}

/**
 * Trains a network under a plan: events as it goes, and in the end what it came to. What step k of a seed does is the same however
 * often the training was interrupted and resumed; on WebAssembly to the bit.
 *
 * @throws EspalierError where something does not fit, cannot be written, another process trains into the folder, or the loss is no finite number any more.
 */
export async function* train(
  network: Network,
  plan: FixedPlan,
  recipe: Recipe,
  data: TrainingSource,
  options: TrainOptions = {},
): AsyncGenerator<TrainingEvent, Trained> {
  const training = await openTraining(network, plan, recipe, await openSource(data), options)
  const unlock = options.out === undefined ? undefined : await lockFolder(options.out)
  try {
    return yield* takeSteps(await resumeOrStart(training, options), data, options)
  } finally {
    await unlock?.()
  }
}
