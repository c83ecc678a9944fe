import type { ImportProblem } from '../error.ts'

/** Thrown inside the translation of one node and caught where that node is translated, which knows its name. */
export class Refusal extends Error {
  readonly tag: ImportProblem['tag']
  readonly seen: string
  readonly expected: string
  readonly hint: string | undefined
  constructor(tag: ImportProblem['tag'], seen: string, expected: string, hint?: string) {
    super(`saw ${seen}; expected ${expected}`)
    this.tag = tag
    this.seen = seen
    this.expected = expected
    this.hint = hint
  }
}

/** @throws Refusal, which becomes a problem of the node under translation. */
export const refuse = (tag: ImportProblem['tag'], seen: string, expected: string, hint?: string): never => {
  throw new Refusal(tag, seen, expected, hint)
}
