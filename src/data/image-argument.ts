import { argumentProblem, isObject } from '../../ir/index.ts'
import type { DataProblem } from './error.ts'

const isExtent = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 1

const imageHint = (value: unknown): string | undefined => {
  if (typeof value === 'string') return 'the bytes of the file: await readFile(path)'
  if (value instanceof ArrayBuffer) return 'new Uint8Array(buffer)'
  return ArrayBuffer.isView(value) ? '{ data: Uint8Array, height, width }, from 0 to 255' : undefined
}

/** What is wrong with a value that is given for an image, before it is looked into. */
export const imageProblem = (image: unknown, where: string): DataProblem | undefined => {
  if (image instanceof Uint8Array) return undefined
  if (!isObject(image) || !('data' in image))
    return argumentProblem(
      where,
      image,
      'an encoded image as a Uint8Array, or { data, height, width }',
      imageHint(image),
    )
  const { data, height, width } = image
  if (!(data instanceof Uint8Array || data instanceof Uint8ClampedArray))
    return argumentProblem(`${where}, data`, data, 'a Uint8Array: red, green, blue from 0 to 255')
  const extents = [
    ['height', height],
    ['width', width],
  ] as const
  const wrong = extents.find(([, extent]) => !isExtent(extent))
  return wrong && argumentProblem(`${where}, ${wrong[0]}`, wrong[1], 'a whole number of pixels from 1')
}
