import { either as E } from 'fp-ts'
import { shapeOf } from '../../ir/index.ts'
import { factsOfKind } from '../../passes/index.ts'
import { type SourceProblem, sourceProblem } from '../base/error.ts'
import type { Preprocess } from '../data/index.ts'
import { imageType, type Network, outputsOf } from './network.ts'

/** What a network's images and answers mean to people. */
export interface Meaning {
  readonly preprocess?: Preprocess
  /** A name for each class. */
  readonly classes?: readonly string[]
}

const extents = (h: number, w: number, c: number): string => `images of ${h} × ${w} × ${c}`

/** What of a preprocessing has a number for each channel, for a network of one. */
const ofColours = ({ mean = [0], std = [0] }: Preprocess): string | undefined => {
  const several = [mean, std].findIndex(({ length }) => length > 1)
  return several < 0 ? undefined : `${['mean', 'std'][several]} of ${[mean, std][several].length} numbers`
}

/** Preprocessing to a network's channels; refuses images of other extents than it takes. `where` says who made them so. */
export const fitPreprocess = (
  network: Pick<Network, 'graph'>,
  preprocess: Preprocess,
  where: string,
): E.Either<SourceProblem, Preprocess> => {
  const { h, w, c } = imageType(network)
  const { size, channels = c === 1 ? 1 : 3 } = preprocess
  const refuse = (seen: string, expected: string, hint: string) =>
    E.left(sourceProblem('wrong-size', where, seen, expected, hint))
  if (size[0] !== h || size[1] !== w || c !== channels)
    return refuse(
      extents(...size, channels),
      `${extents(h, w, c)}, as the network takes them`,
      c === 1 || c === 3
        ? `a preprocessing file with "size": [${h}, ${w}], and the scale, mean and std that the network was trained with`
        : 'predict, with inputs of your own',
    )
  const colours = c === 1 ? ofColours(preprocess) : undefined
  if (colours !== undefined)
    return refuse(
      colours,
      'one number, for images of one channel',
      'a preprocessing file with a "mean" and "std" of one number',
    )
  return E.right(c === 1 ? { ...preprocess, channels } : preprocess)
}

/** How many classes or labels there are to name: those of the first output that has them, 0 where none does. */
const namedCount = (network: Pick<Network, 'graph' | 'outputs'>): number => {
  const at = outputsOf(network).findIndex(({ kind }) => factsOfKind(kind).probabilities !== undefined)
  const { graph } = network
  return at < 0 ? 0 : (shapeOf(graph.nodes[graph.outputs[at].node].type).at(-1) as number)
}

/** Refuses preprocessing to other extents and class names of another number than the network's. */
export const fitMeaning = (
  network: Pick<Network, 'graph' | 'outputs'>,
  meaning: Meaning,
): E.Either<readonly SourceProblem[], Meaning> => {
  const { preprocess, classes } = meaning
  const wanted = namedCount(network)
  const fitted = preprocess === undefined ? E.right(undefined) : fitPreprocess(network, preprocess, 'preprocess')
  const problems = [
    ...(E.isLeft(fitted) ? [fitted.left] : []),
    ...(classes === undefined || classes.length === wanted
      ? []
      : [
          sourceProblem(
            'wrong-size',
            'classes',
            `${classes.length} names`,
            wanted === 0 ? 'none, for no output has classes or labels' : `${wanted}, one for each class`,
          ),
        ]),
  ]
  if (E.isLeft(fitted) || problems.length > 0) return E.left(problems)
  return E.right(fitted.right === undefined ? meaning : { ...meaning, preprocess: fitted.right })
}
