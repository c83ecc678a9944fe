import { espalierFormat } from '../network/zoo/index.ts'
import type { Progress } from './progress.ts'

/** How weights came to be. */
export interface Origin extends Pick<Progress, 'network' | 'plan' | 'recipe' | 'seed' | 'data' | 'last_epoch'> {
  readonly steps: number
  /** Whole ones. */
  readonly epochs: number
}

/** What a file of weights says of them, in text: errors in percent, of the last whole epoch on images that were held out. */
export const weightsMetadata = ({
  network,
  plan,
  recipe,
  seed,
  data,
  steps,
  epochs,
  last_epoch,
}: Origin): ReadonlyMap<string, string> => {
  const { loss, error_percent, validation = null } = last_epoch ?? {}
  return new Map([
    espalierFormat,
    ...Object.entries({
      ...{ network, plan, seed, data, recipe: JSON.stringify(recipe), epochs, steps },
      ...{ loss, training_error_percent: error_percent },
      ...(validation && { held_out_images: validation.images, held_out_error_percent: validation.error_percent }),
    }).flatMap(([key, value]) => (value === undefined ? [] : [[key, `${value}`] as const])),
  ])
}
