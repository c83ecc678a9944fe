import { fixedMetadata } from '../network/weights/fixed-parameters.ts'
import { espalierFormat } from '../network/zoo/index.ts'
import type { Progress } from './progress.ts'

/** How weights came to be. */
export interface Origin extends Pick<Progress, 'network' | 'plan' | 'recipe' | 'seed' | 'data' | 'last_epoch'> {
  readonly steps: number
  /** Whole ones. */
  readonly epochs: number
  /** Parameters that stay as they are. */
  readonly fixed?: readonly string[] | undefined
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
  fixed = [],
}: Origin): ReadonlyMap<string, string> => {
  const { loss, error_percent, validation = null } = last_epoch ?? {}
  return new Map([
    espalierFormat,
    ...Object.entries({
      ...{ network, plan, seed, data, recipe: JSON.stringify(recipe), epochs, steps },
      ...{ loss, training_error_percent: error_percent },
      ...(validation && { held_out_images: validation.images, held_out_error_percent: validation.error_percent }),
      ...Object.fromEntries(
        Object.entries(validation?.measures ?? {}).map(([name, value]) => [`held_out_${name}`, value]),
      ),
    }).flatMap(([key, value]) => (value === undefined || value === null ? [] : [[key, `${value}`] as const])),
    ...fixedMetadata(fixed),
  ])
}

/** What a file of weights says of errors on images that were not trained on: in percent, by the plan that the network is run under. */
export const errorsMetadata = (
  data: string,
  { images, wrong }: { readonly images: number; readonly wrong: Readonly<Record<string, number>> },
): ReadonlyMap<string, string> => {
  const percent = Object.entries(wrong).map(([plan, n]) => [plan, Number(((100 * n) / images).toFixed(2))])
  return new Map([
    ['test_data', data],
    ['test_images', `${images}`],
    ['test_error_percent', JSON.stringify(Object.fromEntries(percent))],
  ])
}
