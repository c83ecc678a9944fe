import cliProgress from 'cli-progress'
import type { Output } from './output.ts'

/** How far something is, shown on stderr. */
export interface ProgressBar {
  /** Starts the bar where it is not shown; `shown` fills in what else its format names. */
  readonly at: (done: number, total: number, shown?: object) => void
  /** Takes it away. */
  readonly stop: () => void
}

/** A bar of `cli-progress`'s format where the output is a terminal, else nothing. */
export const progressBar = (
  { interactive }: Pick<Output, 'interactive'>,
  format: string,
  options: Pick<cliProgress.Options, 'etaBuffer' | 'hideCursor'> = {},
): ProgressBar => {
  if (!interactive) return { at: () => {}, stop: () => {} }
  const bar = new cliProgress.SingleBar({ format, stream: process.stderr, clearOnComplete: true, ...options })
  return {
    at: (done, total, shown) => {
      if (!bar.isActive) return bar.start(total, done, shown)
      bar.setTotal(total)
      bar.update(done, shown)
    },
    stop: () => bar.stop(),
  }
}

/** Of images that are run. */
export const imagesFormat = '{bar} {value}/{total} images, {eta_formatted} left'
