import { json } from '../base/json.ts'
import type { Network } from '../network/network.ts'
import { type State, writeCheckpoint, writeNetworkFile } from './checkpoint.ts'
import { openEventFile } from './event-file.ts'
import type { TrainingEvent, Validation } from './events.ts'
import { openMetricsLog } from './metrics-log.ts'

/** What a training leaves in its folder: a log, curves for TensorBoard, checkpoints. */
export interface Records {
  readonly write: (event: TrainingEvent) => Promise<void>
  /** The log up to here is on the disk before the checkpoint is. */
  readonly checkpoint: (state: State, options: { readonly best: boolean }) => Promise<void>
  readonly close: () => Promise<void>
}

export const noRecords: Records = { write: async () => {}, checkpoint: async () => {}, close: async () => {} }

const validationScalars = ({ errorPercent, measures = [] }: Validation): Readonly<Record<string, number>> =>
  Object.fromEntries(
    [{ name: 'error_percent', value: errorPercent ?? undefined }, ...measures].flatMap(({ name, value }) =>
      value === undefined ? [] : [[`validation/${name}`, value]],
    ),
  )

/** The curves that an event has points of. */
const scalarsOf = (event: TrainingEvent): Readonly<Record<string, number>> | undefined => {
  switch (event.event) {
    case 'step':
      return {
        'train/loss': event.loss,
        ...(event.errorPercent === null ? {} : { 'train/error_percent': event.errorPercent }),
        'train/learning_rate': event.learningRate,
        'train/images_per_second': event.imagesPerSecond,
      }
    case 'epoch':
      return event.validation === null ? undefined : validationScalars(event.validation)
    default:
      return undefined
  }
}

/** Opens a folder's records, to begin, or to go on after a step. @throws EspalierError where they cannot be written */
export const openRecords = async (folder: string, network: Network, after?: number): Promise<Records> => {
  const log = await openMetricsLog(folder, after)
  const curves = await openEventFile(folder, after)
  await writeNetworkFile(folder, network)
  return {
    write: async event => {
      await log.write(json(event))
      const scalars = scalarsOf(event)
      if (scalars !== undefined && 'step' in event) await curves.scalars(event.step, scalars)
    },
    checkpoint: async (state, options) => {
      await Promise.all([log.flush(), curves.flush()])
      await writeCheckpoint(folder, state, options)
    },
    close: async () => {
      await Promise.all([log.close(), curves.close()])
    },
  }
}
