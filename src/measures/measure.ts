import type { OutputKind } from '../../passes/index.ts'
import type { FittedTarget, Preprocess, TargetKind } from '../data/index.ts'

/** What an output says of one image. */
export interface Answered {
  readonly kind: OutputKind
  /** A vector’s `[c]`, or a map’s `[h, w, c]`. */
  readonly shape: readonly number[]
  /** Probabilities of a kind that has them. */
  readonly values: Float32Array
  /** How images became what the network is fed, which answers that are images undo. */
  readonly preprocess: Preprocess
}

/** A number that says how good answers are. */
export interface Measure<Sum> {
  /** For people. */
  readonly title: string
  readonly unit: '%' | 'dB' | ''
  readonly better: 'higher' | 'lower'
  /** Whether it says something of one image alone. */
  readonly ofEach: boolean
  /** Undefined where there is nothing to measure it by. */
  readonly of: (sum: Sum) => number | undefined
}

/** Measures that follow from one sum over images; sums are JSON, so that parts of an evaluation become one. */
export interface Measuring<Sum = unknown> {
  readonly target: TargetKind
  readonly kinds: readonly OutputKind[]
  /** Of one image. @throws EspalierError where its target is none for that answer */
  readonly one: (answer: Answered, target: FittedTarget, where: string) => Sum
  readonly sum: (parts: readonly Sum[]) => Sum
  /** Looks at the sum of all images. @throws EspalierError where targets are not what they seem to be */
  readonly check?: (sum: Sum) => void
  readonly measures: Readonly<Record<string, Measure<Sum>>>
}

export const measuring = <Sum>(declared: Measuring<Sum>): Measuring => declared as Measuring<unknown>

/** The mean of so many images’ numbers. */
export interface Mean {
  readonly sum: number
  readonly images: number
}

/** Undefined of no images. */
export const overImages = ({ sum, images }: Mean): number | undefined => (images === 0 ? undefined : sum / images)

export const addMeans = (means: readonly Mean[]): Mean => ({
  sum: means.reduce((sum, each) => sum + each.sum, 0),
  images: means.reduce((images, each) => images + each.images, 0),
})
