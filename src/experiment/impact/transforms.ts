import { either as E } from 'fp-ts'
import { nearestHint, printTransform, type Transform } from '../../../ir/index.ts'
import { parseFixedPlan } from '../../../passes/index.ts'
import { type SourceProblem, sourceProblem } from '../../base/error.ts'

/** A transform whose impact is measured, under the name that it has in results: `flip`, `rotate(+15)`, `scale(0.9)`. */
export interface ImpactTransform {
  readonly name: string
  readonly transform: Transform
}

/** The transforms of the paper's Figures 4 and 5: ±15° and ±10 %. */
const pairs: Readonly<Record<string, readonly Transform[]>> = {
  rotate: [15, -15].map(degrees => ({ kind: 'rotate', degrees })),
  scale: [1.1, 0.9].map(factor => ({ kind: 'scale', factor })),
}

/** The paper's, which networks take whose answers do not move with the image. */
export const transformsOfVectors = 'flip,rotate,scale'

const nameOf = (transform: Transform): string =>
  transform.kind === 'rotate' && transform.degrees > 0 ? `rotate(+${transform.degrees})` : printTransform(transform)

const words = ['flip', 'rotate', 'scale', 'flipv', 'rot90', 'rot180', 'rot270', 'transpose', 'antitranspose']
const forms = `${words.join(', ')}, shift(dy,dx), rotate(degrees), scale(s)`

const transformsOf = (word: string): E.Either<SourceProblem, readonly Transform[]> => {
  if (Object.hasOwn(pairs, word)) return E.right(pairs[word])
  const spelled = /^[\w(),.+-]+$/.test(word) ? parseFixedPlan(`{${word}}@0`) : E.left([])
  const set = E.isRight(spelled) ? spelled.right.sites[0].set : undefined
  return typeof set === 'object' && set.length === 1
    ? E.right(set)
    : E.left(sourceProblem('bad-input', 'transforms', JSON.stringify(word), forms, nearestHint(word, words)))
}

/** `flip,rotate,scale`, of which `rotate` is ±15° and `scale` ±10 %, and any one transform as plans spell it: `shift(1,0)`. */
export const parseImpactTransforms = (text: string): E.Either<SourceProblem, readonly ImpactTransform[]> => {
  const found = new Map<string, ImpactTransform>()
  for (const word of text.split(/,(?![^(]*\))/)) {
    const transforms = transformsOf(word.trim())
    if (E.isLeft(transforms)) return transforms
    for (const transform of transforms.right) found.set(nameOf(transform), { name: nameOf(transform), transform })
  }
  return E.right([...found.values()])
}
