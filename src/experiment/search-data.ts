import { realpath } from 'node:fs/promises'
import { either as E } from 'fp-ts'
import { type DataReference, type DataSet, parseDataReference } from '../data/index.ts'
import { orThrow, type SourceProblem, sourceProblem } from '../error.ts'

/** One name for a place however it is spelled. */
const placeOf = async ({ scheme, path, split }: DataReference): Promise<string> => {
  const real = scheme === 'generated' ? path : await realpath(path).catch(() => path)
  // A folder of images has no splits.
  return `${scheme}:${real}${scheme === 'images' || scheme === 'image' ? '' : `?${split}`}`
}

/** Refuses images that a plan is chosen by and reported on alike. */
export const apart = async (select: string, report: string): Promise<E.Either<SourceProblem, void>> => {
  const [a, b] = [select, report].map(reference => orThrow(parseDataReference(reference)))
  if ((await placeOf(a)) !== (await placeOf(b))) return E.right(undefined)
  const [from, to] = [a, b].reduce<readonly [number, number]>(
    ([low, high], { range: [first, end] = [0, Number.POSITIVE_INFINITY] }) => [
      Math.max(low, first),
      Math.min(high, end),
    ],
    [0, Number.POSITIVE_INFINITY],
  )
  if (from >= to) return E.right(undefined)
  const shared = Number.isFinite(to) ? `images ${from} to ${to - 1} of both` : 'the same images'
  return E.left(
    sourceProblem(
      'bad-input',
      '--select and --report',
      shared,
      'different images: what a plan was chosen by says too little of its errors',
      `--select '${withRange(select, '0:5000')}' --report '${withRange(select, '5000:10000')}'`,
    ),
  )
}

const withRange = (reference: string, range: string): string => {
  const [body, query = ''] = reference.split('?')
  const options = new URLSearchParams(query)
  options.set('range', range)
  return `${body}?${decodeURIComponent(options.toString())}`
}

/** Refuses data without labels: nothing could be counted as wrong. */
export const labelled = (data: DataSet, flag: string): E.Either<SourceProblem, DataSet> =>
  data.labelled
    ? E.right(data)
    : E.left(sourceProblem('bad-input', flag, `${data.name}, without labels`, 'labelled images', '--labels FILE.csv'))

interface Counted {
  readonly images: number
  readonly wrong: number
}

const beyondChance = 5
/** The error on new images over that on known ones that tells that a network was trained on these. */
const fewer = 2

/** What to say where a network knows the images that a plan is chosen by: it makes far fewer errors on them. */
export const overfitted = (select: Counted, report: Counted): string | undefined => {
  const [a, b] = [select, report].map(({ images, wrong }) => wrong / images)
  const pooled = (select.wrong + report.wrong) / (select.images + report.images)
  const deviation = Math.sqrt(pooled * (1 - pooled) * (1 / select.images + 1 / report.images))
  const far = b - a > beyondChance * deviation || (a * fewer < b && b - a > 2 * deviation)
  return far
    ? `The network makes ${(100 * a).toFixed(2)} % errors on --select and ${(100 * b).toFixed(2)} % on --report: it was trained on the former, it seems, and what helps there need not help elsewhere.`
    : undefined
}
