import { EspalierError } from '../../../ir/index.ts'
import { sourceProblem } from '../../base/error.ts'
import { sharedImages } from '../shared-images.ts'

/** Refuses images that a plan is chosen by and reported on alike. @throws EspalierError */
export const checkApart = async (select: string, report: string): Promise<void> => {
  const shared = await sharedImages(select, report)
  if (shared === undefined) return
  throw new EspalierError([
    sourceProblem(
      'bad-input',
      '--select and --report',
      shared,
      'different images: what a plan was chosen by says too little of its errors',
      `--select '${withPart(select, '0/2')}' --report '${withPart(select, '1/2')}'`,
    ),
  ])
}

const withPart = (reference: string, part: string): string => {
  const [body, query = ''] = reference.split('?')
  const options = new URLSearchParams(query)
  options.delete('range')
  options.set('part', part)
  return `${body}?${decodeURIComponent(options.toString())}`
}

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
