import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import type { Batch } from '../data/index.ts'
import type { Prediction } from '../runner.ts'
import { topClasses } from '../score.ts'

/** Writes a line of JSON an image to a temporary file, which takes its name at the end. */
export const predictionsFile = (path: string, classes: readonly string[] | undefined) => {
  const temporary = `${path}.${process.pid}.tmp`
  const stream = createWriteStream(temporary)
  return {
    write: async (batch: Batch, { logits, classes: width }: Prediction): Promise<void> => {
      const lines = Array.from({ length: batch.n }, (_, row) => {
        const [predicted] = topClasses(logits, row, width, 1)
        return JSON.stringify({
          index: batch.first + row,
          label: batch.labels?.[row] ?? null,
          predicted,
          class: classes?.[predicted] ?? null,
          logits: Array.from(logits.subarray(row * width, (row + 1) * width)),
        })
      })
      if (!stream.write(`${lines.join('\n')}\n`)) await once(stream, 'drain')
    },
    finish: async (): Promise<void> => {
      stream.end()
      await once(stream, 'finish')
      await rename(temporary, path)
    },
    discard: async (): Promise<void> => {
      stream.destroy()
      await rm(temporary, { force: true })
    },
  }
}
