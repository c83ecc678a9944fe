import { either as E } from 'fp-ts'
import {
  type Environment,
  EspalierError,
  evaluate,
  type IrProblem,
  renderProblem,
  renderProblems,
  verify,
} from '../../../ir/index.ts'
import { type Admit, type Pass, type Program, runPasses } from '../../../passes/index.ts'
import { type Disagreement, describeDisagreement, disagreement, type Outputs } from './disagreement.ts'

/** What is wrong with a pass on one program. */
export type Failure =
  | { readonly kind: 'threw'; readonly pass: string; readonly message: string }
  | { readonly kind: 'invalid'; readonly pass: string; readonly problems: readonly IrProblem[] }
  | { readonly kind: 'disagrees'; readonly pass: string; readonly disagreement: Disagreement }

/** A program, what it computes from fixed inputs, and how closely what passes make of it must agree. */
export interface Trial {
  readonly program: Program
  readonly inputs: Environment['inputs']
  readonly wanted: Outputs
  readonly tolerance: number
}

const valuesOf = (
  { graph, parameters }: Program,
  inputs: Environment['inputs'],
): E.Either<readonly IrProblem[], Outputs> => evaluate(graph, { inputs, parameters })

/** Left where the program has no values there. */
export const trialOf = (
  program: Program,
  inputs: Environment['inputs'],
  tolerance: number,
): E.Either<readonly IrProblem[], Trial> =>
  E.map((wanted: Outputs): Trial => ({ program, inputs, wanted, tolerance }))(valuesOf(program, inputs))

/** What was thrown, on one line. */
export const messageOf = (error: unknown): string => {
  if (error instanceof EspalierError) return error.problems.map(renderProblem).join('; ')
  return error instanceof Error ? error.message : String(error)
}

/** What a pass made, or what it threw. */
const ran = (pass: Pass, before: Program, admit: Admit | undefined): E.Either<Failure, Program> => {
  try {
    const done = runPasses([pass], before, undefined, admit)
    return E.right(E.isLeft(done) ? before : done.right.program)
  } catch (error) {
    return E.left({ kind: 'threw', pass: pass.name, message: messageOf(error) })
  }
}

const judged = ({ inputs, wanted, tolerance }: Trial, pass: string, program: Program): Failure | null => {
  const values = valuesOf(program, inputs)
  if (E.isLeft(values)) return { kind: 'invalid', pass, problems: values.left }
  const found = disagreement(values.right, wanted, tolerance)
  return found === null ? null : { kind: 'disagrees', pass, disagreement: found }
}

/**
 * What is wrong with what passes make of a program: one throws, or makes a graph that does not verify, or the last program computes something else, from
 * some pass on. A pass that refuses its program leaves it.
 */
export const failureOf = (trial: Trial, passes: readonly Pass[], admit?: Admit): Failure | null =>
  firstFailure(trial, passes, admit)?.failure ?? null

/** {@link failureOf}, and the place of its pass. */
export const firstFailure = (
  trial: Trial,
  passes: readonly Pass[],
  admit?: Admit,
): { readonly failure: Failure; readonly index: number } | null => {
  const made: Program[] = []
  let program = trial.program
  for (const [index, pass] of passes.entries()) {
    const next = ran(pass, program, admit)
    if (E.isLeft(next)) return { failure: next.left, index }
    program = next.right
    const verified = verify(program.graph)
    if (E.isLeft(verified)) return { failure: { kind: 'invalid', pass: pass.name, problems: verified.left }, index }
    made.push(program)
  }
  // From the end, for the programs that the first passes make are the costly ones.
  let first: { readonly failure: Failure; readonly index: number } | null = null
  for (const [index, program] of [...made.entries()].toReversed()) {
    const failure = judged(trial, passes[index].name, program)
    if (failure === null) break
    first = { failure, index }
  }
  return first
}

/** A sentence without its end. */
export const describeFailure = (failure: Failure): string => {
  switch (failure.kind) {
    case 'threw':
      return `${failure.pass} threw: ${failure.message}`
    case 'invalid':
      return `after ${failure.pass} the graph does not verify: ${renderProblems(failure.problems)}`
    case 'disagrees':
      return `after ${failure.pass}, ${describeDisagreement(failure.disagreement)}`
  }
}
