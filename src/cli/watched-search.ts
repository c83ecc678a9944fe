import type { SearchProgress } from '../experiment/search/plan-search.ts'
import { untilInterrupted } from './interrupt.ts'
import type { Output } from './output.ts'
import { imageParts, progressBar } from './progress-bar.ts'

/** How far a search is, but for its rounds. */
type Progress = Exclude<SearchProgress, { readonly kind: 'round' }>

/** What a search is told by, and tells. */
export interface Watching<Round> {
  readonly signal: AbortSignal
  readonly onProgress: (progress: Progress | Round) => void
}

/** Searches with notes and, on a terminal, a progress bar; undefined where it was interrupted. */
export const watchedSearch = <R, Round extends { readonly kind: 'round' }>(
  search: (watching: Watching<Round>) => Promise<R>,
  describeRound: (round: Round) => string,
  out: Output,
): Promise<R | undefined> =>
  untilInterrupted(async signal => {
    const bar = progressBar(out, imageParts)
    const onProgress = (progress: Progress | Round): void => {
      if (progress.kind === 'round') out.note(describeRound(progress))
      else if (progress.kind === 'timing') out.note(`Timing ${['vanilla', ...progress.plans].join(', ')}.`)
      else if (progress.done < progress.total) bar.at(progress.done, progress.total)
      else bar.stop()
    }
    try {
      return await search({ signal, onProgress })
    } catch (error) {
      if (signal.aborted) return undefined
      throw error
    } finally {
      bar.stop()
    }
  })
