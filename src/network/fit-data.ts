import { EspalierError } from '../../ir/index.ts'
import { orThrow, sourceProblem } from '../base/error.ts'
import { listed } from '../base/format.ts'
import { type DataSet, numberedBy, numberedByFolders, type Preprocess } from '../data/index.ts'
import { fitPreprocess } from './meaning.ts'
import { classCount, imageType, type Network } from './network.ts'

/** A network, or what was compiled of one. */
export type Named =
  | Pick<Network, 'name' | 'graph' | 'outputs'>
  | (Pick<Network, 'graph' | 'outputs'> & { readonly network: string })

const nameOf = (named: Named): string => ('name' in named ? named.name : named.network)

/** How images become this network's input: as it is given, else as the data set's networks take them; `where` names the data in problems. @throws EspalierError where neither is there or fits */
export const preprocessFor = (
  network: Named,
  data: Pick<DataSet, 'name' | 'preprocess'>,
  given: Preprocess | undefined,
  where = `--data ${data.name}`,
): Preprocess => {
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

/**
 * The data with the labels that a network has for its classes: by name where both have `names`, else by order; data without labels as it is. `where` names it in problems.
 *
 * @throws EspalierError where they are not the network's classes
 */
export const fitLabels = (
  network: Named,
  data: DataSet,
  names: readonly string[] | undefined,
  where = `--data ${data.name}`,
): DataSet => {
  const wanted = classCount(network)
  const named = names === undefined ? data : orThrow(numberedBy(data, names, where))
  const { classes = [], folders = [] } = named
  const fitted = folders.length === wanted && classes.length < wanted ? numberedByFolders(named) : named
  const refuse = (seen: string, hint?: string): never => {
    const which = folders.length === 0 ? '' : ` (folders with images here: ${listed(classes, 12)})`
    const expected = `${wanted} classes, as ${nameOf(network)} has${which}`
    throw new EspalierError([sourceProblem('wrong-size', where, seen, expected, hint)])
  }
  if (fitted.classCount !== undefined && fitted.classCount !== wanted) refuse(`${fitted.classCount} classes`)
  if (fitted.labelsBelow !== undefined && fitted.labelsBelow > wanted)
    refuse(`a label ${fitted.labelsBelow - 1}`, `labels count from 0: the last is ${wanted - 1}`)
  return fitted
}

/** The data as if it had no labels. */
export const withoutLabels = (data: DataSet): DataSet => ({
  ...data,
  labelled: false,
  classCount: undefined,
  labelsBelow: undefined,
  classes: undefined,
})

/** The same, where the labels are not needed: those of other classes than the network's are not looked at. */
export const fitLabelsThatFit: typeof fitLabels = (network, data, names, where) => {
  try {
    return fitLabels(network, data, names, where)
  } catch (error) {
    if (error instanceof EspalierError) return withoutLabels(data)
    throw error
  }
}

/** The same, of data that must have labels. @throws EspalierError where it has none, and first where the network is no classifier */
export const fitLabelled = (
  network: Named,
  data: DataSet,
  names: readonly string[] | undefined,
  where = `--data ${data.name}`,
): DataSet => {
  classCount(network)
  if (!data.labelled)
    throw new EspalierError([
      sourceProblem(
        'bad-input',
        where,
        'images without labels',
        'labelled images',
        data.labelsFile === undefined ? 'a folder for each class, or --labels FILE.csv' : `--labels ${data.labelsFile}`,
      ),
    ])
  return fitLabels(network, data, names, where)
}
