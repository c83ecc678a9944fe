import { either as E } from 'fp-ts'
import { nearestHint, problem } from '../../ir/index.ts'
import {
  type NetworkOutput,
  type OutputKind,
  type OutputProblem,
  outputKindNames,
  type PlanReduction,
  planReductions,
} from '../../passes/index.ts'

/** What is said of outputs: of the only one where no name is given, else of each by its name. */
export type SaidOutput = Pick<NetworkOutput, 'kind' | 'pairs' | 'reduction'> & { readonly name?: string }

const example = 'labels, or NAME=KIND,NAME=KIND:REDUCTION, as mask=map-classes:geo,points=heatmaps[1-2,3-4]'

const refuse = (text: string, seen: string, expected: string, hint?: string): E.Either<OutputProblem, never> =>
  E.left(problem('bad-output', `--answers ${JSON.stringify(text)}`, seen, expected, hint))

/** Parts between commas outside of brackets. */
const parts = (text: string): readonly string[] => text.split(/,(?![^[]*\])/)

const form = /^(?:(.+)=)?([a-z-]+)(?:\[([^\]]*)\])?(?::([a-z]+))?$/

const pairsOf = (text: string): readonly (readonly [number, number])[] | null => {
  const pairs = text === '' ? [] : text.split(',').map(pair => /^(\d+)-(\d+)$/.exec(pair.trim()))
  return pairs.every(pair => pair !== null) ? pairs.map(([, left, right]) => [Number(left), Number(right)]) : null
}

const isKind = (text: string): text is OutputKind => outputKindNames.some(kind => kind === text)
const isReduction = (text: string): text is PlanReduction => planReductions.some(known => known === text)

const parsePart = (text: string, part: string): E.Either<OutputProblem, SaidOutput> => {
  const match = form.exec(part.trim())
  if (match === null) return refuse(text, JSON.stringify(part), example)
  const [, name, kind, listed, reduction] = match
  if (!isKind(kind))
    return refuse(text, `the kind ${kind}`, `one of ${outputKindNames.join(', ')}`, nearestHint(kind, outputKindNames))
  if (reduction !== undefined && !isReduction(reduction))
    return refuse(text, `the reduction ${reduction}`, planReductions.join(', '))
  const pairs = listed === undefined ? undefined : pairsOf(listed)
  if (pairs === null) return refuse(text, `the pairs [${listed}]`, 'numbers of channels, as [1-2,3-4]')
  if ((pairs !== undefined) !== (kind === 'heatmaps'))
    return refuse(
      text,
      part,
      kind === 'heatmaps' ? 'the channels that a mirror swaps, in brackets' : 'pairs of channels of heatmaps alone',
      kind === 'heatmaps' ? 'heatmaps[1-2,3-4]; heatmaps[] where there are none' : undefined,
    )
  return E.right({
    ...(name === undefined ? {} : { name }),
    kind,
    ...(pairs === undefined ? {} : { pairs }),
    ...(reduction === undefined ? {} : { reduction }),
  })
}

/** What outputs are, as `--answers` says it: `labels`, `mask=map-classes,age=values:median`, `points=heatmaps[1-2,3-4]`. */
export const parseAnswers = (text: string): E.Either<readonly OutputProblem[], readonly SaidOutput[]> => {
  const said = E.traverseArray((part: string) => parsePart(text, part))(parts(text))
  return E.mapLeft((flaw: OutputProblem) => [flaw])(said)
}
