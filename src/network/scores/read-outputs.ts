import { either as E } from 'fp-ts'
import { type Graph, type Node, type NodeId, nearestHint, printType, shapeOf, type Tensor } from '../../../ir/index.ts'
import {
  classifierOutputs,
  factsOfKind,
  type NetworkOutput,
  type OutputKind,
  outputKindNames,
} from '../../../passes/index.ts'
import type { SaidOutput } from '../said-outputs.ts'
import { behindReshapes, logProbabilitiesOf, probabilitiesOf, sigmoidOf } from './behind.ts'
import { classScores, named, type Refused } from './class-scores.ts'
import { squashedNodes } from './squashed.ts'

/** A graph whose outputs are known. */
export interface KnownOutputs {
  readonly graph: Graph
  readonly outputs: readonly NetworkOutput[]
  /** What was taken for granted. */
  readonly notes: readonly string[]
}

/** What a file shows of an output: its kind, and by what. */
interface Shown {
  readonly kind: OutputKind
  readonly by: string
}

const shownBy = (nodes: readonly Node[], id: NodeId): Shown | null => {
  const isMap = nodes[id].type.kind === 'Map'
  if (probabilitiesOf(nodes, id) !== null || logProbabilitiesOf(nodes, id) !== null)
    return isMap ? { kind: 'map-classes', by: 'the softmax over its channels' } : { kind: 'classes', by: 'its softmax' }
  return !isMap && sigmoidOf(nodes, id) !== null ? { kind: 'labels', by: 'its sigmoid' } : null
}

/** Whether an output is probabilities, of a kind that answers in them; null where it is some of another kind. */
const givenBy = (
  nodes: readonly Node[],
  id: NodeId,
  kind: OutputKind,
  squashed: Int32Array,
): NetworkOutput['gives'] | null => {
  const { probabilities } = factsOfKind(kind)
  if (probabilities === undefined) return undefined
  const [softmax, sigmoid] = [probabilitiesOf(nodes, id), sigmoidOf(nodes, id)]
  const own = probabilities === 'softmax' ? softmax : sigmoid
  return own !== null ? 'probabilities' : squashed[id] < 0 || logProbabilitiesOf(nodes, id) !== null ? 'scores' : null
}

const kindsFor = (type: 'Vector' | 'Map'): readonly OutputKind[] =>
  outputKindNames.filter(kind => factsOfKind(kind).type === type)

const isOutputType = (kind: string): kind is 'Vector' | 'Map' => kind !== 'Shared'

/** What is said of each output of a graph, in their order. */
const saidOfEach = (
  { outputs }: Graph,
  said: readonly SaidOutput[],
): E.Either<Refused, readonly (SaidOutput | undefined)[]> => {
  const names = outputs.map(({ name }) => name)
  const [first] = said
  if (said.length === 1 && first.name === undefined && names.length === 1) return E.right([first])
  const found = names.map(name => said.filter(each => each.name === name))
  const unknown = said.find(({ name }) => name === undefined || !names.includes(name))
  if (unknown !== undefined)
    return E.left({
      seen: unknown.name === undefined ? `${unknown.kind}, of which output?` : `an answer ${unknown.name}`,
      expected: `outputs ${names.join(', ')}`,
      hint:
        unknown.name === undefined
          ? `--answers ${names.map(name => `${name}=${unknown.kind}`).join(',')}`
          : nearestHint(unknown.name, names),
    })
  const twice = found.findIndex(each => each.length > 1)
  return twice < 0
    ? E.right(found.map(([one]) => one))
    : E.left({ seen: `${names[twice]} twice`, expected: 'each output once' })
}

const readOutput = (
  { nodes, outputs }: Graph,
  at: number,
  said: SaidOutput | undefined,
  squashed: Int32Array,
): E.Either<Refused, { readonly output: NetworkOutput; readonly note?: string }> => {
  const { name, node: id } = outputs[at]
  const { type } = nodes[id]
  if (!isOutputType(type.kind))
    return E.left({ seen: `output ${name}, ${printType(type)}`, expected: 'a value of each image' })
  const shown = said ?? shownBy(nodes, id)
  const kinds = kindsFor(type.kind)
  const example = outputs.length === 1 ? kinds[0] : `${name}=${kinds[0]}`
  if (shown === null)
    return E.left({
      seen: `output ${name} of type ${printType(type)}, and nothing that shows what it is`,
      expected: `--answers to say it: ${kinds.join(', ')}`,
      hint: `--answers ${example}`,
    })
  const { kind } = shown
  if (!kinds.includes(kind))
    return E.left({
      seen: `${kind} of output ${name}, ${printType(type)}`,
      expected: kinds.join(', '),
      hint: `--answers ${example}`,
    })
  const gives = givenBy(nodes, id, kind, squashed)
  if (gives === null)
    return E.left({
      seen: `${kind} of output ${name}, which ends in ${named(nodes, squashed[id])}${squashed[id] === id ? '' : ' and what follows it'}`,
      expected: `a ${factsOfKind(kind).probabilities} at its end, or scores`,
      hint: `export the network up to there, or --answers ${outputs.length === 1 ? '' : `${name}=`}${type.kind === 'Map' ? 'map-values' : 'values'} for the numbers as they are`,
    })
  const channels = shapeOf(type).at(-1) as number
  const pairs = said?.pairs
  const wrong = pairs?.flat().find((channel, k, all) => channel >= channels || all.indexOf(channel) !== k)
  if (wrong !== undefined)
    return E.left({
      seen: `channel ${wrong} among the pairs of ${name}`,
      expected: `channels 0 to ${channels - 1}, each once`,
    })
  return E.right({
    output: {
      name,
      kind,
      ...(gives === undefined ? {} : { gives }),
      ...(pairs === undefined ? {} : { pairs }),
      ...(said?.reduction === undefined ? {} : { reduction: said.reduction }),
    },
    ...('by' in shown ? { note: `Output ${name} is taken for ${kind}, by ${shown.by}.` } : {}),
  })
}

/** Whether a graph is a classifier of one output: by what is said, or where it ends in no sigmoids of several labels. */
const isClassifier = ({ nodes, outputs }: Graph, [said]: readonly (SaidOutput | undefined)[]): boolean => {
  const [{ node: id }, ...others] = outputs
  const { type } = nodes[behindReshapes(nodes, id)]
  if (others.length > 0 || nodes[id].type.kind !== 'Vector') return false
  if (said !== undefined) return said.kind === 'classes' && said.reduction === undefined
  return shapeOf(type).at(-1) === 1 || sigmoidOf(nodes, id) === null
}

/**
 * What the outputs of a network are: as it is said, else as the file shows. A classifier's one output is made `logits` ({@link classScores}), others stay
 * as they are. Refused where nothing says it.
 */
export const readOutputs = (
  graph: Graph,
  parameters: ReadonlyMap<string, Tensor>,
  said: readonly SaidOutput[] = [],
): E.Either<Refused, KnownOutputs> => {
  const each = saidOfEach(graph, said)
  if (E.isLeft(each)) return each
  if (isClassifier(graph, each.right))
    return E.map(({ graph: scored, notes }: { graph: Graph; notes: readonly string[] }) => ({
      graph: { ...scored, outputs: [{ name: classifierOutputs[0].name, node: scored.outputs[0].node }] },
      outputs: classifierOutputs,
      notes,
    }))(classScores(graph, parameters))
  const squashed = squashedNodes(graph)
  const read = E.traverseArrayWithIndex((at, one: SaidOutput | undefined) => readOutput(graph, at, one, squashed))(
    each.right,
  )
  return E.map((known: readonly { readonly output: NetworkOutput; readonly note?: string }[]) => ({
    graph,
    outputs: known.map(({ output }) => output),
    notes: known.flatMap(({ note }) => note ?? []),
  }))(read)
}
