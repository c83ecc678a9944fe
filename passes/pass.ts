import { either as E } from 'fp-ts'
import {
  checkArgument,
  checkGraph,
  type Graph,
  type NodeId,
  type OpTag,
  type Problem,
  type Tensor,
} from '../ir/index.ts'
import { multiplyAdds } from './cost.ts'
import type { Mode, Rule } from './rule.ts'

/** What passes work on: a graph and the values of its parameters. */
export interface Program {
  readonly graph: Graph
  readonly parameters: ReadonlyMap<string, Tensor>
}

/** Problems of passes: of graphs that they cannot take. */
export type PassProblem = Problem<
  | 'bad-plan'
  | 'no-such-map'
  | 'no-inference-reduction'
  | 'type-mismatch'
  | 'not-a-classifier'
  | 'not-differentiable'
  | 'not-trainable'
  | 'too-many-variants'
>

/** How often each rule fired, by name. */
export type Rewrites = Readonly<Record<string, number>>

/** What a pass made of a program, and how often each rule fired. */
export interface Rewritten {
  readonly program: Program
  readonly rewrites: Rewrites
}

/** A rewrite about to be done. */
export interface Firing {
  readonly pass: string
  /** What it is counted under: the rule's name, or what a pass without rules does again and again. */
  readonly rewrite: string
  readonly rule: Rule | null
  /** The op that is rewritten: of a rule, the one that it matches. */
  readonly op: OpTag
  /** The node of the graph before the pass in whose place the match stands. */
  readonly at: NodeId
  readonly name: string | undefined
}

/** Asked before every rewrite; where it says no, the node stays as it is. Watching rewrites and limiting them are both this. */
export type Admit = (firing: Firing) => boolean
/** The same inside one pass. */
export type AdmitHere = (firing: Omit<Firing, 'pass'>) => boolean

/** Admits every rewrite. */
export const admitAll: Admit = () => true

/** Admits the first so many rewrites: one is for one run, for it counts. */
export const upTo = (count: number): (() => boolean) => {
  let left = count
  return () => left-- > 0
}

/** A function from programs to equal (or, where it inserts branches, branched) programs. One that holds in inference only is no pass of a training pipeline. */
export interface Pass<M extends Mode = Mode> {
  readonly name: string
  readonly mode: M
  /** Rewrites a program; `admit` is asked before each rewrite. Left: it cannot take it. */
  readonly run: (program: Program, admit?: Admit) => E.Either<readonly PassProblem[], Rewritten>
}

/** What a pass did: its time in milliseconds, its rewrites, and the size of the graph before and after. */
export interface PassReport {
  readonly name: string
  readonly milliseconds: number
  readonly rewrites: Rewrites
  readonly nodes_before: number
  readonly nodes_after: number
  readonly multiply_adds_before: number
  readonly multiply_adds_after: number
}

/** What passes made of a program, with a report of each. */
export interface Compiled {
  readonly program: Program
  readonly reports: readonly PassReport[]
}

/** What a pass made of a graph, and how often each rule fired. */
export interface RewrittenGraph {
  readonly graph: Graph
  readonly rewrites: Rewrites
}

/** A pass that cannot fail and changes the graph alone; it holds in inference only unless it says that it holds in both. */
export const graphPass = <M extends Mode = 'inference'>(
  name: string,
  run: (graph: Graph, admit: AdmitHere) => RewrittenGraph,
  mode: M = 'inference' as M,
): Pass<M> => ({
  name,
  mode,
  run: ({ graph, parameters }, admit = admitAll) => {
    const result = run(graph, firing => admit({ ...firing, pass: name }))
    return E.right({ program: { graph: result.graph, parameters }, rewrites: result.rewrites })
  },
})

/** Runs passes in order and reports what each did; the first that fails ends it. `observe` sees every intermediate program, and the one before it. */
export const runPasses = (
  passes: readonly Pass[],
  start: Program,
  observe: (pass: Pass, program: Program, before: Program) => void = () => {},
  admit: Admit = admitAll,
): E.Either<readonly PassProblem[], Compiled> => {
  checkArgument('runPasses, passes', passes, Array.isArray(passes), 'an array of passes', 'inferencePipeline(placed)')
  checkGraph('runPasses, program', start?.graph)
  let program = start
  let multiplyAddsBefore = multiplyAdds(start.graph)
  const reports: PassReport[] = []
  for (const pass of passes) {
    const begun = performance.now()
    const result = pass.run(program, admit)
    if (E.isLeft(result)) return result
    const multiplyAddsAfter =
      result.right.program.graph === program.graph ? multiplyAddsBefore : multiplyAdds(result.right.program.graph)
    reports.push({
      name: pass.name,
      milliseconds: performance.now() - begun,
      rewrites: result.right.rewrites,
      nodes_before: program.graph.nodes.length,
      nodes_after: result.right.program.graph.nodes.length,
      multiply_adds_before: multiplyAddsBefore,
      multiply_adds_after: multiplyAddsAfter,
    })
    const before = program
    program = result.right.program
    multiplyAddsBefore = multiplyAddsAfter
    observe(pass, program, before)
  }
  return E.right({ program, reports })
}
