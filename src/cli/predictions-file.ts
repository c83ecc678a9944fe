import { open, rm } from 'node:fs/promises'
import { cannotWrite } from '../base/error.ts'
import { besidePath, putInPlace, sweepBeside } from '../base/put-in-place.ts'
import type { Batch, Skipped } from '../data/index.ts'
import type { Prediction } from '../execute/prediction.ts'

/** How answers are written, a line an image. */
export interface PredictionFormat {
  /** The first line. */
  readonly head?: string
  readonly lineOf: (batch: Batch, row: number, prediction: Prediction) => string
  /** Of an image that could not be read or decoded. */
  readonly skippedLine: (skipped: Skipped) => string
}

export interface PredictionsFile {
  readonly write: (batch: Batch, prediction: Prediction) => Promise<void>
  /** Gives the file its name: until then what stood there stands. */
  readonly finish: () => Promise<void>
  readonly discard: () => Promise<void>
}

/** Opens a file of predictions, a line an image, in order. @throws EspalierError */
export const predictionsFile = async (
  path: string,
  { head, lineOf, skippedLine }: PredictionFormat,
): Promise<PredictionsFile> => {
  await sweepBeside(path)
  const made = await besidePath(path, 'new')
  const orCannotWrite = <A>(task: Promise<A>): Promise<A> =>
    task.catch(error => {
      throw cannotWrite(path, error)
    })
  const file = await orCannotWrite(open(made, 'wx'))
  const append = (lines: readonly string[]): Promise<void> =>
    orCannotWrite(file.appendFile(lines.map(line => `${line}\n`).join('')))
  if (head !== undefined) await append([head])
  return {
    write: async (batch, prediction) => {
      const lines = [
        ...batch.indices.map((index, row) => [index, lineOf(batch, row, prediction)] as const),
        ...batch.skipped.map(each => [each.index, skippedLine(each)] as const),
      ]
      await append(lines.sort(([a], [b]) => a - b).map(([, line]) => line))
    },
    finish: async () => {
      await orCannotWrite(file.close())
      await orCannotWrite(putInPlace(made, path))
    },
    discard: async () => {
      await file.close().catch(() => {})
      await rm(made, { force: true })
    },
  }
}
