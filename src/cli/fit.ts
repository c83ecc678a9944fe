import { EspalierError } from '../../ir/index.ts'
import type { CompiledNetwork } from '../compile.ts'
import type { Meaning } from '../compiled-folder.ts'
import type { DataSet, Preprocess } from '../data/index.ts'
import { sourceProblem } from '../error.ts'
import { classCount, imageType } from '../network.ts'

/** How images become this network's input: the flag's file, the network's manifest, or what the data set's networks are trained on. */
export const preprocessOf = (compiled: CompiledNetwork, meaning: Meaning, data: DataSet): Preprocess => {
  const { h, w, c } = imageType(compiled)
  const preprocess = meaning.preprocess ?? data.preprocess
  const fits = preprocess !== undefined && preprocess.size[0] === h && preprocess.size[1] === w && c === 3
  if (fits) return preprocess
  throw new EspalierError([
    sourceProblem(
      'wrong-size',
      meaning.preprocess === undefined ? '--data' : '--preprocess',
      preprocess === undefined
        ? 'images of any size, without preprocessing'
        : `images of ${preprocess.size.join(' × ')} × 3`,
      `images of ${h} × ${w} × ${c}, as ${compiled.network} takes them`,
      `--preprocess FILE.json with "size": [${h}, ${w}]`,
    ),
  ])
}

/** Refuses data or names with another number of classes than the network's. */
export const checkClasses = (compiled: CompiledNetwork, meaning: Meaning, data: DataSet): void => {
  const classes = classCount(compiled)
  const wrong = (where: string, seen: number): EspalierError =>
    new EspalierError([sourceProblem('wrong-size', where, `${seen} classes`, `${classes}, as ${compiled.network} has`)])
  if (data.labelled && data.classCount !== undefined && data.classCount !== classes)
    throw wrong(`--data ${data.name}`, data.classCount)
  if (meaning.classes !== undefined && meaning.classes.length !== classes)
    throw wrong('--classes', meaning.classes.length)
}
