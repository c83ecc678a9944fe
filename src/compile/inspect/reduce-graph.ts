import { either as E } from 'fp-ts'
import { type Graph, verify } from '../../../ir/index.ts'
import type { Pass } from '../../../passes/index.ts'
import { defaultTolerance } from './disagreement.ts'
import { type Failure, failureOf, trialOf } from './failure.ts'
import { seededInputs, seededParameters } from './seeded-values.ts'
import { cuttable, endingAt, smallerGraphs, startingAt } from './smaller-graphs.ts'

export interface ReduceOptions {
  /** Of the values of inputs and parameters. Default 0. */
  readonly seed?: number
  readonly tolerance?: number
}

/** A graph on which passes fail, as small as it was made. */
export interface Reduced {
  readonly graph: Graph
  readonly passes: readonly Pass[]
  readonly failure: Failure
  /** How many graphs were tried. */
  readonly tried: number
}

const batch = 2

/** What is wrong with passes on a graph with seeded values; null where nothing is, or where the graph itself has no values. */
export const failureOn = (
  graph: Graph,
  passes: readonly Pass[],
  { seed = 0, tolerance = defaultTolerance }: ReduceOptions = {},
): Failure | null => {
  if (E.isLeft(verify(graph))) return null
  const program = { graph, parameters: seededParameters(graph, seed) }
  const trial = trialOf(program, seededInputs(graph, seed, batch), tolerance)
  return E.isLeft(trial) ? null : failureOf(trial.right, passes)
}

/** Fewer nodes, or as many of which more are inputs and parameters. */
const sizeOf = ({ nodes }: Graph): number =>
  nodes.length * (nodes.length + 1) + nodes.filter(node => node.operands.length > 0).length

/** Of graphs in growing order, a small one that fails, found by halving; null where none is found. */
const firstThatFails = (graphs: readonly (() => Graph | null)[], fails: (graph: Graph) => boolean): Graph | null => {
  let [low, high] = [0, graphs.length]
  let found: Graph | null = null
  while (low < high) {
    const middle = (low + high) >> 1
    const graph = graphs[middle]()
    if (graph !== null && fails(graph)) {
      found = graph
      high = middle
    } else low = middle + 1
  }
  return found
}

/** Fewer passes that fail too: one alone, else all that cannot be left out. */
const fewerPasses = (passes: readonly Pass[], fail: (passes: readonly Pass[]) => boolean): readonly Pass[] => {
  const alone = passes.find(pass => fail([pass]))
  if (alone !== undefined) return [alone]
  return passes.reduce<readonly Pass[]>((kept, _, k) => {
    const at = k - (passes.length - kept.length)
    const fewer = kept.toSpliced(at, 1)
    return fewer.length > 0 && fail(fewer) ? fewer : kept
  }, passes)
}

/**
 * Delta debugging: makes a graph smaller as long as the passes fail on it in the same way (throw, make a graph that does not verify, or change what it
 * computes from seeded values): cuts its end and its beginning off by halving, then tries every smaller graph. Null where nothing fails.
 */
export const reduceGraph = (graph: Graph, passes: readonly Pass[], options: ReduceOptions = {}): Reduced | null => {
  const first = failureOn(graph, passes, options)
  if (first === null) return null
  let tried = 1
  const failing = (candidate: Graph, chosen: readonly Pass[]): Failure | null => {
    tried++
    const failure = failureOn(candidate, chosen, options)
    return failure?.kind === first.kind ? failure : null
  }
  const chosen = fewerPasses(passes, fewer => failing(graph, fewer) !== null)
  const fails = (candidate: Graph): boolean => failing(candidate, chosen) !== null
  const ends = cuttable(graph).map(id => () => endingAt(graph, id))
  const ended = firstThatFails(ends, fails) ?? graph
  const starts = cuttable(ended)
    .map(id => () => startingAt(ended, id))
    .toReversed()
  let smallest = firstThatFails(starts, fails) ?? ended
  const smaller = (): Graph | undefined => {
    for (const candidate of smallerGraphs(smallest))
      if (sizeOf(candidate) < sizeOf(smallest) && fails(candidate)) return candidate
    return undefined
  }
  for (let next = smaller(); next !== undefined; next = smaller()) smallest = next
  return { graph: smallest, passes: chosen, failure: failing(smallest, chosen) ?? first, tried }
}
