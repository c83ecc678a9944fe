import type { MeasuredValue } from '../measures/index.ts'
import type { Network } from '../network/network.ts'

/** How a network did on held-out images, run under its plan. */
export interface Validation {
  readonly images: number
  /** Null of a network that is no classifier. */
  readonly errorPercent: number | null
  /** Of one that is none: how good its answers are by what they are held against. By the first of them the best weights are the best. */
  readonly measures?: readonly MeasuredValue[] | undefined
}

/** An image that cannot be read or decoded, and why; it is trained on without. */
export interface SkippedImage {
  readonly image: string
  readonly error: string
}

/** What happens while a network is trained; the log has it in JSON, a line each. Steps and epochs count from 1. */
export type TrainingEvent =
  | {
      readonly event: 'start'
      readonly network: string
      readonly plan: string
      /** Of the whole training. */
      readonly steps: number
      readonly epochs: number
      /** Where this run begins: 0, or what a checkpoint had done. */
      readonly firstStep: number
      readonly images: number
      readonly validationImages: number
      readonly seed: number
      readonly backend: string
      readonly executor: string
      readonly precision: string
      /** What computes, for people; and why nothing better was taken. */
      readonly describe: string
      readonly reason?: string
    }
  | {
      readonly event: 'step'
      readonly step: number
      readonly epoch: number
      /** Of this batch, before the step. */
      readonly loss: number
      /** Null of a network that is no classifier. */
      readonly errorPercent: number | null
      readonly learningRate: number
      readonly imagesPerSecond: number
    }
  | {
      readonly event: 'epoch'
      readonly epoch: number
      readonly step: number
      /** Means over the epoch's batches, each before its step. */
      readonly loss: number
      readonly errorPercent: number | null
      readonly validation: Validation | null
      readonly seconds: number
    }
  | ({ readonly event: 'skipped' } & SkippedImage)
  | {
      readonly event: 'checkpoint'
      readonly step: number
      readonly epoch: number
      readonly folder: string
      /** Whether this is the best by validation so far. */
      readonly best: boolean
    }

/** What training comes to. */
export interface Trained {
  /** With the values of the last step. */
  readonly network: Network
  readonly steps: number
  /** Whole ones. */
  readonly epochs: number
  /** The loss of every step of this run. */
  readonly losses: readonly number[]
  /** Of the last whole epoch, else of the steps of this run, else null: mean loss, and of a classifier the error, before each step. */
  readonly loss: number | null
  readonly errorPercent: number | null
  /** Of the last validation. */
  readonly validation: Validation | null
  /** Images that could not be read or decoded in this run. */
  readonly skipped: readonly SkippedImage[]
  readonly seconds: number
  readonly imagesPerSecond: number
  /** The folder of checkpoints. */
  readonly checkpoint: string | null
  readonly interrupted: boolean
}
