import { either as E, function as F } from 'fp-ts'
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

/** What is known of a graph's outputs beside the graph. */
export interface Claims {
  /** What they are said to be. */
  readonly answers?: readonly SaidOutput[] | undefined
  /** Those that are scores, of which the file numbers the largest. */
  readonly argmax?: ReadonlySet<string> | undefined
}

/** What a file shows of an output: its kind, and by what. */
interface Shown {
  readonly kind: OutputKind
  readonly by: string
}

const shownBy = (nodes: readonly Node[], id: NodeId, isArgmax: boolean): Shown | null => {
  const isMap = nodes[id].type.kind === 'Map'
  if (isArgmax) return { kind: isMap ? 'map-classes' : 'classes', by: 'its ArgMax, which is left out' }
  if (probabilitiesOf(nodes, id) !== null || logProbabilitiesOf(nodes, id) !== null)
    return isMap ? { kind: 'map-classes', by: 'the softmax over its channels' } : { kind: 'classes', by: 'its softmax' }
  return !isMap && sigmoidOf(nodes, id) !== null ? { kind: 'labels', by: 'its sigmoid' } : null
}

/** Scores as a softmax and its logarithm have them, both of which leave the largest the largest. */
const rankedBy = (nodes: readonly Node[], id: NodeId): NodeId =>
  probabilitiesOf(nodes, id) ?? logProbabilitiesOf(nodes, id) ?? behindReshapes(nodes, id)

/** A graph without the outputs that are another one's scores, of which the file numbers the largest, and what is said of them. */
const withoutRepeats = (graph: Graph, argmax: ReadonlySet<string>) => {
  const { nodes, outputs } = graph
  const ranks = outputs.map(({ node }) => rankedBy(nodes, node))
  const repeated = outputs.map(({ name }, k) =>
    argmax.has(name)
      ? outputs.find((other, j) => ranks[j] === ranks[k] && (j < k || !argmax.has(other.name)) && j !== k)
      : undefined,
  )
  return {
    graph: { ...graph, outputs: outputs.filter((_, k) => repeated[k] === undefined) },
    notes: outputs.flatMap(({ name }, k) =>
      repeated[k] === undefined
        ? []
        : [`Output ${name} is left out: the number of the largest of ${repeated[k].name}.`],
    ),
  }
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
  isArgmax: boolean,
): E.Either<Refused, { readonly output: NetworkOutput; readonly note?: string }> => {
  const { name, node: id } = outputs[at]
  const { type } = nodes[id]
  if (!isOutputType(type.kind))
    return E.left({ seen: `output ${name}, ${printType(type)}`, expected: 'a value of each image' })
  const shown = said ?? shownBy(nodes, id, isArgmax)
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

/** Refuses to take the scores behind an ArgMax for anything but classes. */
const checkArgmax = (
  { outputs }: Graph,
  said: readonly (SaidOutput | undefined)[],
  argmax: ReadonlySet<string>,
): E.Either<Refused, readonly (SaidOutput | undefined)[]> => {
  const at = outputs.findIndex(({ name }, k) => {
    const kind = said[k]?.kind
    return kind !== undefined && argmax.has(name) && factsOfKind(kind).probabilities !== 'softmax'
  })
  return at < 0
    ? E.right(said)
    : E.left({
        seen: `${said[at]?.kind} of output ${outputs[at].name}, whose ArgMax numbers classes`,
        expected: 'classes, or map-classes',
      })
}

/**
 * What the outputs of a network are: as it is said, else as the file shows. A classifier's one output is made `logits` ({@link classScores}), others stay
 * as they are. Refused where nothing says it.
 */
export const readOutputs = (
  whole: Graph,
  parameters: ReadonlyMap<string, Tensor>,
  { answers = [], argmax = new Set() }: Claims = {},
): E.Either<Refused, KnownOutputs> => {
  const { graph, notes: left } = withoutRepeats(whole, argmax)
  const said = F.pipe(
    saidOfEach(graph, answers),
    E.flatMap(each => checkArgmax(graph, each, argmax)),
  )
  if (E.isLeft(said)) return said
  if (isClassifier(graph, said.right)) {
    const [{ name }] = graph.outputs
    return E.map(({ graph: scored, notes }: { graph: Graph; notes: readonly string[] }) => ({
      graph: { ...scored, outputs: [{ name: classifierOutputs[0].name, node: scored.outputs[0].node }] },
      outputs: classifierOutputs,
      notes: [...left, ...(argmax.has(name) ? [`The ArgMax of output ${name} is left out.`] : []), ...notes],
    }))(classScores(graph, parameters))
  }
  const squashed = squashedNodes(graph)
  const read = E.traverseArrayWithIndex((at, one: SaidOutput | undefined) =>
    readOutput(graph, at, one, squashed, argmax.has(graph.outputs[at].name)),
  )(said.right)
  return E.map((known: readonly { readonly output: NetworkOutput; readonly note?: string }[]) => ({
    graph,
    outputs: known.map(({ output }) => output),
    notes: [...left, ...known.flatMap(({ note }) => note ?? [])],
  }))(read)
}
