import { either as E, function as F } from 'fp-ts'
import * as t from 'io-ts'
import { checkGraph } from './argument.ts'
import { decodeErrors } from './decode-error.ts'
import { type IrProblem, problem, renderProblems } from './error.ts'
import type { Graph, Node } from './graph.ts'
import { Count, type Dialect } from './op.ts'
import { declarationOf } from './ops/index.ts'
import { elaborate, verify } from './verify.ts'

const format = 'espalier-graph'
const version = 1

const DialectCodec = t.keyof({ branched: null, flat: null, stacked: null } satisfies Record<Dialect, null>)

/** A graph as JSON holds it: types and variants are left out, for they follow. */
const GraphJson = t.strict({
  format: t.literal(format),
  version: t.literal(version),
  dialect: DialectCodec,
  nodes: t.readonlyArray(
    t.exact(
      t.intersection([
        t.type({ op: t.string, operands: t.readonlyArray(Count), attributes: t.UnknownRecord }),
        t.partial({ name: t.string }),
      ]),
    ),
  ),
  outputs: t.readonlyArray(t.strict({ name: t.string, node: Count })),
})

/** A graph as JSON has it. */
export type GraphJson = t.TypeOf<typeof GraphJson>

/** Reads what `JSON.parse` gave, and verifies the graph; problems say where by JSON path. */
export const decodeGraph = (u: unknown): E.Either<readonly IrProblem[], Graph> =>
  F.pipe(
    GraphJson.decode(u),
    E.mapLeft(errors =>
      decodeErrors(errors).map(({ path, seen, expected }) =>
        problem('bad-syntax', path === '' ? 'the graph' : path, seen, expected),
      ),
    ),
    E.flatMap(({ dialect, nodes: given, outputs }) => {
      const { nodes, problems } = elaborate(
        dialect,
        given.map(({ op, ...rest }) => ({ tag: op, ...rest })),
        outputs,
        {
          node: id => `nodes[${id}]${given[id].name === undefined ? '' : ` (${given[id].name})`}`,
          output: name => `output ${name}`,
        },
      )
      return problems.length === 0 ? E.right({ dialect, nodes: nodes as readonly Node[], outputs }) : E.left(problems)
    }),
  )

/** A graph as JSON, which `decodeGraph` reads. @throws EspalierError where it is no graph */
export const encodeGraph = (graph: Graph): GraphJson => {
  checkGraph('encodeGraph', graph)
  const { dialect, nodes, outputs } = graph
  return {
    format,
    version,
    dialect,
    nodes: nodes.map(({ tag, operands, attributes, name }) => ({
      op: tag,
      operands,
      attributes: declarationOf(tag).attributes.encode(attributes as never) as Record<string, unknown>,
      ...(name === undefined ? {} : { name }),
    })),
    outputs,
  }
}

/** Verified graphs, and their JSON: decoding what encoding gave is the same graph. */
export const GraphCodec: t.Type<Graph, GraphJson, unknown> = new t.Type(
  'Graph',
  (u): u is Graph => GraphShape.is(u) && E.isRight(verify(u as unknown as Graph)),
  (u, context) =>
    F.pipe(
      decodeGraph(u),
      E.fold(problems => t.failure(u, context, renderProblems(problems)), t.success),
    ),
  encodeGraph,
)

/** Enough of a graph for the verifier to look at. */
const GraphShape = t.type({
  dialect: DialectCodec,
  nodes: t.readonlyArray(t.UnknownRecord),
  outputs: t.readonlyArray(t.type({ name: t.string, node: t.number })),
})
