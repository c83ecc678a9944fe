import { realpath } from 'node:fs/promises'
import { orThrow } from '../base/error.ts'
import { type DataReference, parseDataReference } from '../data/index.ts'

/** One name for a place however it is spelled. */
const placeOf = async ({ scheme, path, split }: DataReference): Promise<string> => {
  const real = scheme === 'generated' ? path : await realpath(path).catch(() => path)
  return `${scheme}:${real}?${split ?? ''}`
}

/** The images that two data references both mean, from, to; null where there are none. @throws EspalierError where one is none */
export const sharedImages = async (a: string, b: string): Promise<readonly [from: number, to: number] | null> => {
  const [first, second] = [a, b].map(reference => orThrow(parseDataReference(reference)))
  if ((await placeOf(first)) !== (await placeOf(second))) return null
  const all = [0, Number.POSITIVE_INFINITY] as const
  const [[from, to], [start, end]] = [first.range ?? all, second.range ?? all]
  const shared = [Math.max(from, start), Math.min(to, end)] as const
  return shared[0] < shared[1] ? shared : null
}
