import type { Admission } from './admission.ts'
import type { Decoder } from './decoder.ts'
import type { Metrics } from './metrics.ts'
import type { Models } from './models.ts'

/** How the server is, for those who ask whether to send it more. */
export interface Health {
  /** Whether it takes requests: all models are open, and it is not about to end. */
  readonly ready: () => boolean
  /** Whether it only answers what it has. */
  readonly ending: () => boolean
}

/** What both protocols stand on. */
export interface Service {
  readonly models: Models
  readonly admission: Admission
  readonly metrics: Metrics
  readonly decoder: Decoder
  readonly health: Health
  readonly limits: Limits
  /** What a client must know, where it must know something. */
  readonly token?: string
}

export interface Limits {
  /** Images of a request. */
  readonly maxBatch: number
  /** Bytes of a body. */
  readonly maxBody: number
  /** Milliseconds from the head of a request to its answer. */
  readonly timeout: number
}
