import { onTestFinished } from 'vitest'
import type { RanBatch } from '../../../src/execute/cascade.ts'
import type { OpenStages } from '../../../src/execute/engine.ts'
import { type Model, type ModelOptions, openModel } from '../../../src/execute/model.ts'
import type { Meaning } from '../../../src/network/meaning.ts'
import { decodeHere } from '../../../src/serve/decode-here.ts'
import type { Source } from '../../../src/serve/models.ts'
import { type Served, type ServeOptions, serve } from '../../../src/serve/serve.ts'
import { servedModel } from '../../../src/serve/served-model.ts'
import { compiledUnder, side, smallClassifier } from '../execute/staged.ts'

export const meaning: Meaning = {
  preprocess: { size: [side, side], scale: 1 / 255 },
  classes: ['ant', 'bee', 'cat', 'dog'],
}

export const limits = { maxBatch: 8, maxBody: 2 ** 20, timeout: 10_000, maxQueue: 32, maxHeld: 2 ** 22 }

/** A small model of three channels, which says what its images and classes are. */
export const smallModel = (plan: string, seed = 1, options: ModelOptions = {}, open?: OpenStages): Promise<Model> =>
  openModel({ ...compiledUnder(plan, smallClassifier(seed, false, 3)), meaning }, { backend: 'cpu', ...options }, open)

export interface Silent extends Served {
  /** What was logged, line by line. */
  readonly logged: readonly Readonly<Record<string, unknown>>[]
}

/** A server of one model, `small`, in this process; ends with the test. */
export const serveSmall = async (
  plan = 'vanilla',
  { delay = 0, ...options }: Partial<ServeOptions> & Pick<ModelOptions, 'delay'> = {},
): Promise<Silent> => {
  const logged: Record<string, unknown>[] = []
  const source = (onBatch: Parameters<ServeOptions['source']>[0]): Source => {
    const open = async () => {
      const joined = { join: limits.maxBatch, delay, onBatch: (batch: RanBatch) => onBatch('small', batch) }
      const model = await smallModel(plan, 1, joined)
      return servedModel('small', '1', model)
    }
    return async () => new Map([['small', [{ version: '1', mark: '', open }]]])
  }
  const served = await serve({
    source,
    events: {
      onOpened: () => {},
      onBroken: (_name, _version, error) => {
        throw error
      },
      onGone: () => {},
    },
    decoder: decodeHere(1e6),
    limits,
    log: { level: 'info', write: line => logged.push(JSON.parse(line)) },
    ...options,
  })
  onTestFinished(() => served.end(0))
  return { ...served, logged }
}

/** Numbers of one image. */
export const size = side * side * 3

/** `n` images of numbers that float32 has. */
export const imagesOf = (n: number, seed = 1): Float32Array =>
  Float32Array.from({ length: n * size }, (_, k) => Math.sin(seed * 1000 + k))
