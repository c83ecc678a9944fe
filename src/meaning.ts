import { either as E } from 'fp-ts'
import type { Preprocess } from './data/index.ts'
import { type SourceProblem, sourceProblem } from './error.ts'
import { classCount, imageType, type Network } from './network.ts'

/** What a network's images and answers mean to people. */
export interface Meaning {
  readonly preprocess?: Preprocess
  /** A name for each class. */
  readonly classes?: readonly string[]
}

const extents = (h: number, w: number, c: number): string => `images of ${h} × ${w} × ${c}`

/** Refuses images of other extents than the network takes; `where` says who made them so. */
export const fitPreprocess = (
  network: Pick<Network, 'graph'>,
  preprocess: Preprocess,
  where: string,
): E.Either<SourceProblem, Preprocess> => {
  const { h, w, c } = imageType(network)
  const [height, width] = preprocess.size
  if (height === h && width === w && c === 3) return E.right(preprocess)
  const hint = c === 3 ? `a preprocessing file with "size": [${h}, ${w}]` : 'predict, with inputs of your own'
  const expected = `${extents(h, w, c)}, as the network takes them`
  return E.left(sourceProblem('wrong-size', where, extents(height, width, 3), expected, hint))
}

/** Refuses preprocessing to other extents and class names of another number than the network's. */
export const fitMeaning = (
  network: Pick<Network, 'graph'>,
  meaning: Meaning,
): E.Either<readonly SourceProblem[], Meaning> => {
  const { preprocess, classes } = meaning
  const wanted = classCount(network)
  const problems = [
    ...(preprocess === undefined ? [] : [fitPreprocess(network, preprocess, 'preprocess')])
      .filter(E.isLeft)
      .map(({ left }) => left),
    ...(classes === undefined || classes.length === wanted
      ? []
      : [sourceProblem('wrong-size', 'classes', `${classes.length} names`, `${wanted}, one for each class`)]),
  ]
  return problems.length > 0 ? E.left(problems) : E.right(meaning)
}
