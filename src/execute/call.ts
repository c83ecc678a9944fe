import { sumOf } from '../base/statistics.ts'
import type { BatchVariants } from './disagreement.ts'

/** What came out of images, row by row, and how far each went. */
export interface Scores {
  /** Of each output the numbers of all images. */
  readonly outputs: readonly Float32Array[]
  /** The last stage of each image, from 1. */
  readonly stages: Uint8Array
  /** What the gate of that stage saw; NaN after the last one, which has none. */
  readonly certainty: Float32Array
  /** Of each image the scores of that stage’s variants, and where it stands among them. */
  readonly variants: readonly (readonly [batch: BatchVariants, row: number])[]
}

/** As long as it is open, the images of its calls wait for full batches. */
export interface Hold {
  open: boolean
}

/** Images on their way. */
export interface Sent {
  /** Resolves when their first stage is done, and no full batch waits. */
  readonly taken: Promise<void>
  readonly scores: Promise<Scores>
  /** Numbers in the images and their answers. */
  readonly size: number
  readonly isDone: () => boolean
}

export interface SendOptions {
  /** As long as it is open, images that wait for others are held. */
  readonly hold?: Hold
  /** Gives the images up: those of a call that has not begun are not run. */
  readonly signal?: AbortSignal
  /** Told when the first of its stages begins. */
  readonly onStart?: () => void
  /** Whether the images may be handed over, so that their array is empty afterwards. */
  readonly transfer?: boolean
}

/** What was sent, as far as it is. */
export interface Call extends Scores, Omit<SendOptions, 'signal'> {
  readonly variants: (readonly [batch: BatchVariants, row: number])[]
  images: Float32Array
  readonly n: number
  readonly came: number
  /** Images without an answer so far. */
  open: number
  failed: boolean
  readonly answer: () => void
  readonly fail: (error: unknown) => void
  readonly take: () => void
}

/** An image of a call. */
export interface Owner {
  readonly call: Call
  readonly row: number
}

/** The images of calls, one after the other: those of several in an array that is given. */
export const imagesOf = (calls: readonly Call[], arrayOf: (length: number) => Float32Array): Float32Array => {
  if (calls.length === 1) return calls[0].images
  const all = arrayOf(calls.reduce((sum, { images }) => sum + images.length, 0))
  let at = 0
  for (const { images } of calls) {
    all.set(images, at)
    at += images.length
  }
  return all
}

/** A call that comes in, of which nothing is done, and what its caller has of it. */
export const openCall = (
  images: Float32Array,
  n: number,
  { sizes, ...told }: Pick<Call, 'came' | 'hold' | 'onStart' | 'transfer'> & { readonly sizes: readonly number[] },
): { readonly call: Call; readonly sent: Sent } => {
  let [answer, fail, take] = [(_: Scores): void => {}, (_: unknown): void => {}, (): void => {}]
  const scores = new Promise<Scores>((resolve, reject) => {
    ;[answer, fail] = [resolve, reject]
  })
  const taken = new Promise<void>(resolve => {
    take = resolve
  })
  const call: Call = {
    ...{ images, n, ...told, take },
    open: n,
    failed: false,
    outputs: sizes.map(size => new Float32Array(n * size)),
    stages: new Uint8Array(n),
    certainty: new Float32Array(n),
    variants: [],
    answer: () => answer(call),
    fail: error => {
      call.failed = true
      fail(error)
    },
  }
  const size = images.length + n * sumOf(sizes)
  return { call, sent: { taken, scores, size, isDone: () => call.failed || call.open === 0 } }
}
