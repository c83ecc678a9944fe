import type { Command } from 'commander'
import { either as E } from 'fp-ts'
import { decodeGraph, EspalierError, type Graph, type Problem, parse, print } from '../../ir/index.ts'
import { runPasses } from '../../passes/index.ts'
import { orThrow, orThrowAsync, sourceProblem } from '../base/error.ts'
import { parseJson } from '../base/read-json.ts'
import { readText } from '../base/read-text.ts'
import {
  choosePasses,
  decodeReproducer,
  describeFailure,
  failureOn,
  passesByName,
  type Reduced,
  type Replay,
  reduceGraph,
  replayOf,
  seededParameters,
} from '../compile/inspect/index.ts'
import { about } from './about.ts'
import { prepareFile, writeWhole } from './destination.ts'
import { command } from './options.ts'
import { type CommandOutput, type CommonOptions, exitCodes, output } from './output.ts'
import type { Terminal } from './terminal.ts'
import { type PassFlags, passOptions, toleranceOption } from './watch-options.ts'

interface ReduceFlags extends CommonOptions, PassFlags {
  readonly graph: string
  readonly plan: string
  readonly tolerance: number
  readonly replay?: boolean
  readonly out?: string
}

const isReproducer = (json: unknown): boolean =>
  typeof json === 'object' && json !== null && 'format' in json && json.format === 'espalier-reproducer'

const located = (path: string, read: E.Either<readonly Problem[], Graph>): Graph =>
  orThrow(E.mapLeft((found: readonly Problem[]) => found.map(p => ({ ...p, where: `${path}, ${p.where}` })))(read))

/** The graph of a file with the passes of the flags, or a reproducer with its own. */
const openCase = async (flags: ReduceFlags): Promise<Replay> => {
  const { graph: path, seed } = flags
  const text = await orThrowAsync(readText(path))
  const json = path.endsWith('.json') ? orThrow(parseJson(path, text)) : undefined
  if (isReproducer(json)) return orThrow(replayOf(path, orThrow(decodeReproducer(path, json))))
  if (flags.passes === undefined)
    throw new EspalierError([
      sourceProblem('bad-input', '--passes', 'none, for a graph', 'passes between commas, or a reproducer as --graph'),
    ])
  return {
    graph: located(path, json === undefined ? parse(text) : decodeGraph(json)),
    passes: orThrow(choosePasses('--passes', flags.passes, passesByName(flags))),
    seed,
  }
}

const nothing = (graph: Graph): string => `Nothing fails on ${graph.nodes.length} nodes.`

const replay = ({ graph, passes, seed }: Replay, flags: ReduceFlags, out: CommandOutput): void => {
  if (flags.debug === true) runPasses(passes, { graph, parameters: seededParameters(graph, seed) })
  const failure = failureOn(graph, passes, { seed, tolerance: flags.tolerance })
  out.result({ failure }, () => (failure === null ? nothing(graph) : describeFailure(failure)))
  if (failure !== null) out.terminal.exitWith(exitCodes.failed)
}

/** The keys of `reduce --json`. */
const reduceResult = (before: Graph, seed: number, { graph, passes, failure, tried }: Reduced) => ({
  nodes_before: before.nodes.length,
  nodes: graph.nodes.length,
  passes: passes.map(({ name }) => name),
  seed,
  tried,
  failure,
  graph: print(graph),
})

const reduce = async (given: Replay, flags: ReduceFlags, out: CommandOutput): Promise<void> => {
  const { graph, passes, seed } = given
  if (flags.out !== undefined) await prepareFile(flags.out)
  const reduced = reduceGraph(graph, passes, { seed, tolerance: flags.tolerance })
  if (reduced === null) return out.result({ failure: null }, () => nothing(graph))
  const result = reduceResult(graph, seed, reduced)
  out.note(
    `${result.nodes} of ${result.nodes_before} nodes fail under ${result.passes.join(',')} with seed ${seed} (${result.tried} graphs tried):\n  ${describeFailure(reduced.failure)}.`,
  )
  if (flags.out !== undefined) await writeWhole(flags.out, result.graph)
  out.result(result, () => (flags.out === undefined ? result.graph : `Wrote ${flags.out}.`))
  out.terminal.exitWith(exitCodes.failed)
}

/** `espalier reduce`: a small graph on which passes fail as they do on a large one. */
export const reduceCommand = (terminal: Terminal): Command =>
  passOptions(
    command('reduce', about.reduce, 'espalier reduce --graph graph.txt --passes share-prefix,sink-transforms'),
  )
    .requiredOption('--graph <file>', 'a graph as .txt or .json, or the reproducer of a crash')
    .option('--plan <plan>', 'for insert-branches among the passes', 'vanilla')
    .addOption(toleranceOption())
    .option('--replay', 'only say what fails, and with --debug where')
    .option('--out <file>', 'where the small graph goes (default: stdout)')
    .action(async (flags: ReduceFlags) => {
      const given = await openCase(flags)
      await (flags.replay === true
        ? replay(given, flags, output(flags, terminal))
        : reduce(given, flags, output(flags, terminal)))
    })
