import { counted } from '../base/format.ts'
import type { ChannelStatistics } from '../data/channel-statistics.ts'
import type { Preprocess } from '../data/index.ts'

/** What of an evaluation looks wrong. */
export interface EvaluationWarning {
  readonly about: 'error' | 'preprocessing'
  readonly text: string
}

/** What becomes of pixels: they are normalized where the preprocessing says a mean and a deviation, left as they are where it says neither these nor a scale. */
export type FedAs = 'normalized' | 'pixels'

export const fedAs = ({ scale, mean, std }: Pick<Preprocess, 'scale' | 'mean' | 'std'>): FedAs | undefined => {
  if (mean !== undefined && std !== undefined) return 'normalized'
  return scale === undefined && mean === undefined && std === undefined ? 'pixels' : undefined
}

/** What is looked at. */
export interface Suspected {
  readonly errorIntervalPercent?: readonly [low: number, high: number] | undefined
  /** How many classes are guessed among. */
  readonly classCount?: number | undefined
  /** What the network is fed. */
  readonly fed?: ChannelStatistics | undefined
  /** As what: normalized by a mean and a deviation, which numbers are to be of about 0 and 1 then, or as pixels are. */
  readonly fedAs?: FedAs | undefined
}

/** Where numbers are normalized by a mean and a deviation that are about theirs, no photographs are so far from 0, so wide or so flat. */
const farthest = 4
const widest = 4
const flattest = 0.05
/** A few images may be blank. */
const fewest = 8
/** An error above so much of guessing's is as good as guessing, where there are so many classes. */
const [nearGuessing, manyClasses] = [0.9, 10]

const shown = (values: readonly number[]): string => values.map(value => Number(value.toPrecision(2))).join(', ')

const describeFed = ({ mean, deviation }: ChannelStatistics): string =>
  `the network is fed numbers of mean ${shown(mean)} and deviation ${shown(deviation)}, channel by channel`

const oddInputs = ({ fed, fedAs }: Suspected): readonly EvaluationWarning[] => {
  if (fed === undefined) return []
  if (fedAs === 'pixels')
    return [
      {
        about: 'preprocessing',
        text: `The preprocessing has no scale, mean or std, so that the network is fed pixels from 0 to 255 as they are: is that what it was trained with? Then say "scale": 1. Here ${describeFed(fed)}.`,
      },
    ]
  if (fedAs !== 'normalized') return []
  const { mean, deviation, images } = fed
  const far = mean.some(value => Math.abs(value) > farthest)
  const wide = deviation.some(value => value > widest)
  const flat = images >= fewest && deviation.every(value => value < flattest)
  if (!far && !wide && !flat) return []
  const text = `The preprocessing looks wrong: ${describeFed(fed)}, where its mean and std should bring them to about 0 and 1. Are mean and std those of pixels times scale (scale is 1 where it is left out, pixels are from 0 to 255)?`
  return [{ about: 'preprocessing', text }]
}

/** No better than guessing, as far as so few images tell. */
const guessing = ({ errorIntervalPercent, classCount, fed }: Suspected): readonly EvaluationWarning[] => {
  if (errorIntervalPercent === undefined || classCount === undefined || classCount < 2) return []
  const [low, high] = errorIntervalPercent
  const chance = 100 - 100 / classCount
  const near = classCount >= manyClasses && low > nearGuessing * chance
  if (!near && (high < chance || low < chance / 2)) return []
  const inputs = fed === undefined ? '' : ` Here ${describeFed(fed)}.`
  const text = `The error is ${high < chance ? 'close to ' : ''}that of guessing among ${counted(classCount, 'class', 'classes')}, ${chance.toFixed(2)} %: are the classes numbered as the network has them (--classes), and is the preprocessing the one that it was trained with (--preprocess)?${inputs}`
  return [{ about: 'error', text }]
}

export const warningsOf = (suspected: Suspected): readonly EvaluationWarning[] => [
  ...oddInputs(suspected),
  ...guessing(suspected),
]
