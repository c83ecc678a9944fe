import { realpath } from 'node:fs/promises'
import { commonDivisor } from '../base/common-divisor.ts'
import { orThrow } from '../base/error.ts'
import { type DataReference, parseDataReference } from '../data/index.ts'

/** One name for a place however it is spelled. */
const placeOf = async ({ scheme, path, split }: DataReference): Promise<string> => {
  const real = scheme === 'generated' ? path : await realpath(path).catch(() => path)
  return `${scheme}:${real}?${split ?? ''}`
}

/** Which of the images of one place two references both mean; `undefined` where there are none. */
const bothMean = (a: DataReference, b: DataReference): string | undefined => {
  const [[i, n], [j, m]] = [a.part ?? [0, 1], b.part ?? [0, 1]]
  if ((i - j) % commonDivisor(n, m) !== 0) return undefined
  const all = [0, Number.POSITIVE_INFINITY] as const
  const [[from, to], [start, end]] = [a.range ?? all, b.range ?? all]
  const [first, last] = [Math.max(from, start), Math.min(to, end) - 1]
  // Who names a part names no range, so one part at most is left that may have none of these images.
  const [at, every] = n === 1 ? [j, m] : [i, n]
  const next = first + ((((at - first) % every) + every) % every)
  if (next > last) return undefined
  return Number.isFinite(last) ? `images ${first} to ${last} of both` : 'the same images'
}

/** Which images two data references both mean, in words; `undefined` where there are none. @throws EspalierError where one is none */
export const sharedImages = async (a: string, b: string): Promise<string | undefined> => {
  const [first, second] = [a, b].map(reference => orThrow(parseDataReference(reference)))
  return (await placeOf(first)) === (await placeOf(second)) ? bothMean(first, second) : undefined
}
