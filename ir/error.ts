import type { ProblemTag } from './problem-kinds.ts'
import { visible, visibleLines } from './visible.ts'

/**
 * A problem with something that came from outside (a file, a flag, a graph): what was seen, what was
 * expected, where, and what to try. Each folder has one closed union of its tags; all are rendered here.
 */
export interface Problem<Tag extends ProblemTag = ProblemTag> {
  readonly tag: Tag
  readonly seen: string
  readonly expected: string
  /** A node path, a file with a byte offset, a flag. */
  readonly where: string
  readonly hint?: string
}

/** Problems of graphs. */
export type IrProblem = Problem<
  'bad-attributes' | 'bad-dialect' | 'bad-graph' | 'bad-syntax' | 'missing-value' | 'type-mismatch' | 'unknown-op'
>

const longest = 1000

/** Text cut in its middle where it is long: a file may give its parts names of any length. */
const brief = (text: string): string =>
  text.length > longest ? `${text.slice(0, 0.7 * longest)} … ${text.slice(-0.2 * longest)}` : text

/** A problem, with texts cut that are too long to be read. */
export const problem = <Tag extends ProblemTag>(
  tag: Tag,
  where: string,
  seen: string,
  expected: string,
  hint?: string,
): Problem<Tag> => ({
  tag,
  where: brief(where),
  seen: brief(seen),
  expected,
  hint,
})

/** One problem a paragraph: `where: saw X; expected Y.` and the hint on a line of its own. What files put into it is made {@link visible}. */
export const renderProblem = (p: Problem): string =>
  visible(p.where) +
  visibleLines(`: saw ${p.seen}; expected ${p.expected}.${p.hint === undefined ? '' : `\n  Try: ${p.hint}`}`)

const shownAtMost = 20

/** The first problems, a paragraph each, and how many more there are. */
export const renderProblems = (problems: readonly Problem[]): string =>
  [
    ...problems.slice(0, shownAtMost).map(renderProblem),
    ...(problems.length > shownAtMost ? [`… and ${problems.length - shownAtMost} more.`] : []),
  ].join('\n')

/**
 * The one exception that crosses the public interface. `usage` errors (bad input, bad flags) exit with 2,
 * failures with 1.
 */
export class EspalierError extends Error {
  override readonly name = 'EspalierError'
  readonly problems: readonly Problem[]
  readonly kind: 'usage' | 'failure'
  constructor(problems: readonly Problem[], kind: 'usage' | 'failure' = 'usage', options?: ErrorOptions) {
    super(renderProblems(problems), options)
    this.problems = problems
    this.kind = kind
  }
}
