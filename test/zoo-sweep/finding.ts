/** What came of one network's file: how far it got, and where it stopped. */
export interface Finding {
  readonly imported: boolean
  /** The largest difference from onnxruntime's scores, relative to how far the scores of two images are apart: plain, and averaged with the mirrored image's. */
  readonly plainError?: number
  readonly flipError?: number
  /** How far onnxruntime is from itself, with and without its optimizations: asked where a network is not right. */
  readonly ownError?: number
  /** Flips left on maps under flip TTA. */
  readonly acts?: number
  /** The same under all eight flips and quarter turns, where the image is square. */
  readonly actsOfEight?: number
  /** Of the processor, so that it is the same whatever else runs. */
  readonly importSeconds?: number
  readonly gibibytes?: number
  /** Why it was refused, or failed. */
  readonly reason?: string
}

/** What scores may differ by, and how much an import may take. */
export const bounds = { error: 1e-3, seconds: 5, gibibytes: 1.5 } as const

/** Whether a network answers as onnxruntime does, plain and under flip TTA. */
export const isRight = ({ plainError = Number.NaN, flipError = Number.NaN }: Finding): boolean =>
  plainError <= bounds.error && flipError <= bounds.error

/** Whether no flip is left on a map. */
export const isFlipFree = ({ acts }: Finding): boolean => acts === 0
