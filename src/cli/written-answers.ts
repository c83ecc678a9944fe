import { mkdir, readdir, rm, rmdir, writeFile } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import { cannotWrite } from '../base/error.ts'
import { besidePath, putInPlace, sweepBeside } from '../base/put-in-place.ts'
import { makeParent } from '../base/replace-folder.ts'
import {
  type Batch,
  channelsOf,
  classColours,
  type DataSet,
  encodeImage,
  encodeMask,
  npyOf,
  type Preprocess,
} from '../data/index.ts'
import { type PredictedOutput, type Prediction, unansweredRows } from '../execute/prediction.ts'
import { asPixels, pixelsOf } from '../experiment/measures/restoration.ts'
import { classesOfPixels } from '../experiment/measures/segmentation.ts'
import type { PredictionsFile } from './predictions-file.ts'

/** An image as it was fed, and how it was made. */
interface FedImage {
  readonly values: Float32Array
  readonly size: readonly [height: number, width: number]
  readonly preprocess: Preprocess
}

/** What an output says of one image. */
interface Written extends Pick<PredictedOutput, 'kind'> {
  readonly shape: readonly number[]
  readonly values: Float32Array
}

/** Files by what follows the image's name. */
type Files = Readonly<Record<string, Uint8Array>>

const mostClasses = 256

/** The image with the colours of its classes laid over it, half of each; class 0 is left as it is. */
const overlaid = ({ values, size, preprocess }: FedImage, classes: Uint8Array, [h, w]: readonly number[]) => {
  const channels = channelsOf(preprocess)
  const pixels = pixelsOf(values, channels, preprocess)
  const [rows, columns] = size
  return Uint8Array.from({ length: rows * columns * 3 }, (_, k) => {
    const [pixel, c] = [Math.floor(k / 3), k % 3]
    const [y, x] = [Math.floor(pixel / columns), pixel % columns]
    const own = classes[Math.floor((y * h) / rows) * w + Math.floor((x * w) / columns)]
    const seen = pixels[pixel * channels + (channels === 1 ? 0 : c)]
    return Math.round(own === 0 ? seen : (seen + classColours[3 * own + c]) / 2)
  })
}

/** Pixels outside of their range by more than this are no image's. */
const beyond = 0.1 * 255

/** Whether an answer is an image: of as many channels as are fed, and in their range but for a tenth of it. */
const isImage = ({ shape: [, , c], values }: Written, preprocess: Preprocess): boolean =>
  c === channelsOf(preprocess) &&
  asPixels(values, c, preprocess).every(pixel => pixel >= -beyond && pixel <= 255 + beyond)

const filesOf = async (output: Written, fed: FedImage): Promise<Files> => {
  const { kind, shape, values } = output
  const size = [shape[0], shape[1]] as const
  if (kind === 'map-classes' && shape[2] <= mostClasses) {
    const classes = classesOfPixels(values, shape[2])
    return {
      '.png': await encodeMask(classes, size),
      '.overlay.png': await encodeImage(overlaid(fed, classes, size), fed.size),
    }
  }
  if (kind === 'map-values' && isImage(output, fed.preprocess))
    return { '.png': await encodeImage(Uint8Array.from(pixelsOf(values, shape[2], fed.preprocess), Math.round), size) }
  return { '.npy': npyOf(values, shape) }
}

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
      const files = await filesOf({ kind, shape: shape.slice(1), values: part(probabilities) }, fed)
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
