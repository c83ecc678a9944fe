import { either as E } from 'fp-ts'
import type * as Onnxruntime from 'onnxruntime-node'
import { expect } from 'vitest'
import { type Array4, encode, type ModelSpec, outputOf } from './model.ts'

const load = async (): Promise<typeof Onnxruntime | undefined> => {
  try {
    return await import('onnxruntime-node')
  } catch {
    return undefined
  }
}

const ort = await load()

/** Why nothing is compared here, where it is not. */
export const absent: string | undefined = ort === undefined ? 'onnxruntime-node is not installed' : undefined

/** What onnxruntime says of a model: its first output for an image, or why it refuses the file. */
export const oracle = async (bytes: Uint8Array, image: Array4): Promise<E.Either<string, readonly number[]>> => {
  const { InferenceSession, Tensor } = ort as typeof Onnxruntime
  try {
    const session = await InferenceSession.create(bytes, { logSeverityLevel: 4, intraOpNumThreads: 1 })
    const given = await session.run({ x: new Tensor('float32', Float32Array.from(image.values), image.dims) })
    const output = given[session.outputNames[0]]
    await session.release()
    return E.right(Array.from(output.data as Float32Array))
  } catch (error) {
    return E.left((error as Error).message)
  }
}

/** What both make of a model's output `y`, or why one refuses it. */
export const both = async (
  spec: ModelSpec,
  image: Array4,
): Promise<{ readonly own: readonly number[] | string; readonly theirs: readonly number[] | string }> => {
  const bytes = encode(spec)
  const own = await outputOf(bytes, 'y', image).catch((error: Error) => error.message)
  const theirs = await oracle(bytes, image)
  return { own, theirs: E.isLeft(theirs) ? theirs.left : theirs.right }
}

/** Holds a model's output `y`, of so many numbers where that is said, to what onnxruntime makes of it. */
export const expectAlike = async (
  spec: ModelSpec,
  image: Array4,
  { length, digits = 4 }: { readonly length?: number; readonly digits?: number } = {},
): Promise<void> => {
  const { own, theirs } = await both(spec, image)
  if (typeof own === 'string' || typeof theirs === 'string') return expect({ own, theirs }).toBe('numbers of both')
  expect(own).toHaveLength(length ?? theirs.length)
  theirs.forEach((value, k) => {
    expect(own[k]).toBeCloseTo(value, digits)
  })
}
