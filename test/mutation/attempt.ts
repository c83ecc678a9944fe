import type { Mutant } from './instrument.ts'
import type { Process } from './processes.ts'
import type { Trial } from './protocol.ts'

/** What came of a mutant: `by` names the test that failed. */
export type Outcome =
  | { readonly status: 'killed'; readonly by: string }
  /** A test did not end, or its process died. */
  | { readonly status: 'timed out' }
  | { readonly status: 'survived' }

/** Tries mutants one after another. */
export interface Attempts {
  readonly attempt: (mutant: Mutant, trial: Trial) => Promise<Outcome>
  readonly end: () => void
}

export const attempts = (start: () => Promise<Process>): Attempts => {
  let kept: Process | null = null
  return {
    attempt: async ({ id }, trial) => {
      if (trial.chosen.length === 0) return { status: 'survived' }
      kept ??= await start()
      const answer = await kept.ask({ kind: 'try', id, ...trial })
      if (answer === 'lost') {
        kept = null
        return { status: 'timed out' }
      }
      if (answer.kind !== 'tried') throw new Error(`a process answers ${answer.kind}`)
      return answer.by === null ? { status: 'survived' } : { status: 'killed', by: answer.by }
    },
    end: () => kept?.end(),
  }
}
