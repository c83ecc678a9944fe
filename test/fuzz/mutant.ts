import { random } from '../../src/base/random.ts'
import { samplesOf } from './corpus.ts'
import type { Files, Format } from './format.ts'
import { formats } from './formats/index.ts'
import { pick, weighted } from './mutate/draw.ts'

/** One case: the files of a format, right or not. */
export interface Case {
  readonly format: Format
  readonly files: Files
}

/** The k-th mutant of a seed: the same whenever it is asked for, alone or after others. */
export const mutantOf = (seed: number, k: number, among: readonly Format[] = formats): Case => {
  const draw = random(seed, `mutant ${k}`)
  const format = weighted(
    draw,
    among.map(each => [each.weight, each] as const),
  )
  const samples = samplesOf(format.name)
  const sample = pick(draw, samples)
  return { format, files: format.mutate(sample, draw, samples) }
}
