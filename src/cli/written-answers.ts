import { mkdir, readdir, rm, rmdir, writeFile } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import { cannotWrite } from '../base/error.ts'
import { besidePath, putInPlace, sweepBeside } from '../base/put-in-place.ts'
import { makeParent } from '../base/replace-folder.ts'
import type { Batch, DataSet, Preprocess } from '../data/index.ts'
import { type Prediction, unansweredRows } from '../execute/prediction.ts'
import { answerFiles } from './answer-files.ts'
import type { PredictionsFile } from './predictions-file.ts'

/** Names of files of images, each once: without their ending, where no other has that. */
const namesUnder = (folder: string | undefined): ((where: string) => string) => {
  const taken = new Set<string>()
  return where => {
    const inside = folder === undefined ? where : relative(folder, where)
    const whole = (inside.startsWith('..') ? where : inside).replaceAll(/[^\p{L}\p{N}\p{M}/_. -]+|(?<=^|\/)\.+/gu, '_')
    const [stem] = [whole.replace(/\.[^./]+$/, '')]
    const name = [stem, whole].find(each => !taken.has(each)) ?? `${whole} ${taken.size}`
    taken.add(name)
    return name
  }
}

const asFileName = (output: string): string => output.replaceAll(/[^\p{L}\p{N}_-]+/gu, '_')

/** Refuses a place that something is in. @throws EspalierError */
export const prepareAnswersFolder = async (path: string): Promise<void> => {
  await makeParent(path)
  const entries = await readdir(path).catch(error => {
    if (error.code === 'ENOENT') return []
    throw cannotWrite(path, error)
  })
  if (entries.length > 0) throw cannotWrite(path, new Error('a folder with something in it'))
}

/**
 * What comes out for each image, as files in a new folder: masks with a palette, and laid over the image; images; else `.npy`. The folder has its name once all is in it.
 *
 * @throws EspalierError where it cannot be written
 */
export const answersFolder = async (
  path: string,
  { folder }: Pick<DataSet, 'folder'>,
  preprocess: Preprocess,
): Promise<PredictionsFile> => {
  await prepareAnswersFolder(path)
  await sweepBeside(path)
  const made = await besidePath(resolve(path), 'new')
  const orCannotWrite = <A>(task: Promise<A>): Promise<A> =>
    task.catch(error => {
      throw cannotWrite(path, error)
    })
  await orCannotWrite(mkdir(made))
  const nameOf = namesUnder(folder)
  const writeOne = async (batch: Batch, row: number, { outputs }: Prediction): Promise<void> => {
    const name = nameOf(batch.names[row])
    const part = (data: Float32Array): Float32Array => {
      const each = data.length / batch.n
      return data.subarray(row * each, (row + 1) * each)
    }
    const fed = { values: part(batch.images), size: batch.size ?? preprocess.size, preprocess }
    for (const [output, { kind, shape, data, probabilities = data }] of Object.entries(outputs)) {
      const files = await answerFiles({ kind, shape: shape.slice(1), values: part(probabilities) }, fed)
      const own = Object.keys(outputs).length === 1 ? '' : `.${asFileName(output)}`
      for (const [ending, bytes] of Object.entries(files)) {
        const file = join(made, `${name}${own}${ending}`)
        await mkdir(dirname(file), { recursive: true })
        await writeFile(file, bytes)
      }
    }
  }
  return {
    write: async (batch, prediction) => {
      const without = new Set(unansweredRows(prediction))
      for (let row = 0; row < batch.n; row++)
        if (!without.has(row)) await orCannotWrite(writeOne(batch, row, prediction))
    },
    finish: async () => {
      await rmdir(path).catch(() => {})
      await orCannotWrite(putInPlace(made, path))
    },
    discard: () => rm(made, { recursive: true, force: true }),
  }
}
