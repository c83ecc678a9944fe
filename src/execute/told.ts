import type { OutputKind } from '../../passes/index.ts'
import type { PredictedOutput, Prediction } from './prediction.ts'

/** A number with what it is of. */
interface Named {
  readonly index: number
  readonly name?: string
}

/** What one output says of one image, as people want it told: of maps what they have in all, for `predict` gives the whole. */
export type ToldOutput =
  | { readonly kind: 'classes'; readonly best: readonly (Named & { readonly probability: number })[] }
  | { readonly kind: 'labels'; readonly labels: readonly (Named & { readonly probability: number })[] }
  | { readonly kind: 'embedding'; readonly values: readonly number[]; readonly length: number }
  | { readonly kind: 'values'; readonly values: readonly number[] }
  | {
      readonly kind: 'map-classes'
      readonly size: readonly [height: number, width: number]
      readonly shares: readonly (Named & { readonly share: number })[]
    }
  | {
      readonly kind: 'map-labels'
      readonly size: readonly [height: number, width: number]
      readonly shares: readonly (Named & { readonly share: number })[]
    }
  | {
      readonly kind: 'map-values'
      readonly size: readonly [height: number, width: number]
      readonly channels: readonly { readonly least: number; readonly mean: number; readonly most: number }[]
    }
  | {
      readonly kind: 'heatmaps'
      readonly size: readonly [height: number, width: number]
      readonly points: readonly (Named & { readonly at: readonly [y: number, x: number]; readonly value: number })[]
    }

type Size = readonly [height: number, width: number]
type Row = Float32Array

/** A row of one output, with the extents of a map and its names. */
interface Place {
  readonly size: Size
  readonly channels: number
  readonly names: readonly string[] | undefined
  /** How many of the likeliest. */
  readonly top: number
}

const namedAs = (index: number, names: readonly string[] | undefined): Named => {
  const name = names?.[index]
  return { index, ...(name === undefined ? {} : { name }) }
}

const eachChannel = <A>({ channels }: Place, of: (channel: number) => A): readonly A[] =>
  Array.from({ length: channels }, (_, channel) => of(channel))

/** Folds the numbers of one channel over the pixels. */
const overPixels = (
  row: Row,
  { channels }: Place,
  channel: number,
  visit: (value: number, pixel: number) => void,
): void => {
  for (let at = channel, pixel = 0; at < row.length; at += channels, pixel++) visit(row[at], pixel)
}

/** The channel with the largest number of each pixel: how many pixels each has. */
const largestCounts = (row: Row, { channels }: Place): Int32Array => {
  const counts = new Int32Array(channels)
  for (let at = 0; at < row.length; at += channels) {
    let best = 0
    for (let channel = 1; channel < channels; channel++) if (row[at + channel] > row[at + best]) best = channel
    counts[best]++
  }
  return counts
}

const byProbability = (row: Row, { names, top }: Place) =>
  Array.from(row, (probability, index) => ({ ...namedAs(index, names), probability }))
    .sort((a, b) => b.probability - a.probability)
    .slice(0, top)

const ofKind: { readonly [K in OutputKind]: (row: Row, place: Place) => ToldOutput } = {
  classes: (row, place) => ({ kind: 'classes', best: byProbability(row, place) }),
  labels: (row, { names }) => ({
    kind: 'labels',
    labels: Array.from(row, (probability, index) => ({ ...namedAs(index, names), probability })),
  }),
  embedding: row => ({
    kind: 'embedding',
    values: Array.from(row),
    length: Math.sqrt(row.reduce((sum, value) => sum + value * value, 0)),
  }),
  values: row => ({ kind: 'values', values: Array.from(row) }),
  'map-classes': (row, place) => {
    const counts = largestCounts(row, place)
    const pixels = row.length / place.channels
    const shares = Array.from(counts, (count, index) => ({ ...namedAs(index, place.names), share: count / pixels }))
    return {
      kind: 'map-classes',
      size: place.size,
      shares: shares.filter(({ share }) => share > 0).sort((a, b) => b.share - a.share),
    }
  },
  'map-labels': (row, place) => ({
    kind: 'map-labels',
    size: place.size,
    shares: eachChannel(place, channel => {
      let held = 0
      overPixels(row, place, channel, probability => {
        if (probability > 0.5) held++
      })
      return { ...namedAs(channel, place.names), share: (held * place.channels) / row.length }
    }),
  }),
  'map-values': (row, place) => ({
    kind: 'map-values',
    size: place.size,
    channels: eachChannel(place, channel => {
      let [least, most, sum] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0]
      overPixels(row, place, channel, value => {
        ;[least, most, sum] = [Math.min(least, value), Math.max(most, value), sum + value]
      })
      return { least, mean: (sum * place.channels) / row.length, most }
    }),
  }),
  heatmaps: (row, place) => ({
    kind: 'heatmaps',
    size: place.size,
    points: eachChannel(place, channel => {
      let [at, most] = [0, Number.NEGATIVE_INFINITY]
      overPixels(row, place, channel, (value, pixel) => {
        if (value > most) [at, most] = [pixel, value]
      })
      const width = place.size[1]
      return { ...namedAs(channel, place.names), at: [Math.floor(at / width), at % width], value: most }
    }),
  }),
}

/** What an output says of one image of a batch. */
export const toldOf = (
  { kind, shape, data, probabilities = data }: PredictedOutput,
  row: number,
  names: readonly string[] | undefined,
  top: number,
): ToldOutput => {
  const own = shape.slice(1)
  const each = own.reduce((a, b) => a * b, 1)
  const size: Size = own.length === 3 ? [own[0], own[1]] : [1, 1]
  return ofKind[kind](probabilities.subarray(row * each, (row + 1) * each), {
    size,
    channels: own[own.length - 1],
    names,
    top,
  })
}

/** What every output says of one image of a batch, by name; class names are those of an output with as many. */
export const toldOutputs = (
  { outputs }: Pick<Prediction, 'outputs'>,
  row: number,
  names: readonly string[] | undefined,
  top: number,
): Readonly<Record<string, ToldOutput>> =>
  Object.fromEntries(
    Object.entries(outputs).map(([name, output]) => {
      const channels = output.shape[output.shape.length - 1]
      return [name, toldOf(output, row, names?.length === channels ? names : undefined, top)]
    }),
  )
