import { lossText, measureText } from '../base/format.ts'
import type { SkippedImage, Trained, TrainingEvent, Validation } from '../train/events.ts'
import type { Output } from './output.ts'
import { type BarParts, progressBar } from './progress-bar.ts'

const percent = (value: number): string => `${value.toFixed(2)} %`

type Step = Happened<'step'>

const parts: BarParts<Step> = (done, total, { epoch, loss, errorPercent, learningRate, imagesPerSecond }) => [
  `step ${done}/${total}`,
  `epoch ${epoch}`,
  `loss ${lossText(loss, 3)}`,
  ...(errorPercent === null ? [] : [`error ${percent(errorPercent)}`]),
  `${imagesPerSecond.toFixed(0)} images/s`,
  `rate ${Number(learningRate.toPrecision(3))}`,
]

type Happened<E extends TrainingEvent['event']> = Extract<TrainingEvent, { readonly event: E }>

const started = (event: Happened<'start'>): string => {
  const { network, plan, steps, firstStep, images, validationImages, describe, reason } = event
  const executor = event.precision === 'float32' ? event.executor : `${event.executor} in ${event.precision}`
  const from = firstStep === 0 ? '' : `, going on after step ${firstStep}`
  const held = validationImages === 0 ? '' : ` (${validationImages} more held out)`
  const what = `${network} under ${plan}: ${steps} steps on ${images} images${held}${from}.`
  return `${what}\nRuns on ${describe}, ${executor}${reason === undefined ? '' : `: ${reason}`}.`
}

const validated = ({ errorPercent, measures = [] }: Validation): string =>
  errorPercent === null ? measures.map(measureText).join(', ') : percent(errorPercent)

const epochDone = ({ epoch, loss, errorPercent, validation, seconds }: Happened<'epoch'>): string => {
  const held = validation === null ? '' : `, held out ${validated(validation)}`
  const error = errorPercent === null ? '' : `, error ${percent(errorPercent)}`
  return `Epoch ${epoch}: loss ${lossText(loss)}${error}${held}; ${seconds.toFixed(0)} s.`
}

export const skippedNote = ({ image, error }: SkippedImage): string => `Skipped ${image}: ${error}.`

/** Follows a training to its end: a bar on a terminal, a line an epoch. */
export const watchTraining = async (
  training: AsyncGenerator<TrainingEvent, Trained>,
  out: Output,
): Promise<Trained> => {
  const bar = progressBar(out, parts, { etaBuffer: 50 })
  /** Lines would cut through the bar. */
  const say = (line: string): void => {
    bar.stop()
    out.note(line)
  }
  let total = 0
  try {
    for (;;) {
      const next = await training.next()
      if (next.done === true) return next.value
      const event = next.value
      if (event.event === 'start') {
        total = event.steps
        out.note(started(event))
      } else if (event.event === 'step') bar.at(event.step, total, event)
      else if (event.event === 'epoch') say(epochDone(event))
      else if (event.event === 'skipped') say(skippedNote(event))
    }
  } finally {
    bar.stop()
  }
}
