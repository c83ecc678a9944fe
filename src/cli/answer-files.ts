import { channelsOf, classColours, encodeImage, encodeMask, npyOf, type Preprocess } from '../data/index.ts'
import type { PredictedOutput } from '../execute/prediction.ts'
import { asPixels, pixelsOf } from '../measures/restoration.ts'
import { classesOfPixels } from '../measures/segmentation.ts'

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

/** Files of what an output says of an image: a mask with a palette, and laid over the image; an image; else `.npy`. */
export const answerFiles = async (output: Written, fed: FedImage): Promise<Files> => {
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
