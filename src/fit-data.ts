import { EspalierError } from '../ir/index.ts'
import type { CompiledNetwork } from './compile.ts'
import type { DataSet, Preprocess } from './data/index.ts'
import { orThrow, sourceProblem } from './error.ts'
import { fitPreprocess } from './meaning.ts'
import { classCount, imageType, type Network } from './network.ts'

type Named = Pick<CompiledNetwork, 'network' | 'graph'> | Pick<Network, 'name' | 'graph'>

const nameOf = (named: Named): string => ('name' in named ? named.name : named.network)

/** How images become this network's input: as it is given, else as the data set's networks take them. @throws EspalierError where neither is there or fits */
export const preprocessFor = (
  network: Named,
  data: Pick<DataSet, 'name' | 'preprocess'>,
  given: Preprocess | undefined,
): Preprocess => {
  const where = `--data ${data.name}`
  const preprocess = given ?? data.preprocess
  if (preprocess !== undefined) return orThrow(fitPreprocess(network, preprocess, where))
  const { h, w, c } = imageType(network)
  throw new EspalierError([
    sourceProblem(
      'wrong-size',
      where,
      'images of any size, and no word on how they become the network’s input',
      `images of ${h} × ${w} × ${c}, as ${nameOf(network)} takes them`,
      `--preprocess FILE.json with "size": [${h}, ${w}]`,
    ),
  ])
}

/** Refuses data with labels that are not the network's classes; `where` names it in problems. @throws EspalierError */
export const checkLabels = (network: Named, data: DataSet, where = `--data ${data.name}`): void => {
  const classes = classCount(network)
  const refuse = (seen: string): never => {
    const expected = `${classes} classes, as ${nameOf(network)} has`
    throw new EspalierError([sourceProblem('wrong-size', where, seen, expected)])
  }
  if (data.classCount !== undefined && data.classCount !== classes) refuse(`${data.classCount} classes`)
  if (data.labelsBelow !== undefined && data.labelsBelow > classes) refuse(`a label ${data.labelsBelow - 1}`)
}

/** Refuses data without labels, or with other ones than the network's classes. @throws EspalierError */
export const checkLabelled = (network: Named, data: DataSet, where = `--data ${data.name}`): void => {
  if (!data.labelled)
    throw new EspalierError([
      sourceProblem(
        'bad-input',
        where,
        'images without labels',
        'labelled images',
        'a folder for each class, or --labels FILE.csv',
      ),
    ])
  checkLabels(network, data, where)
}
