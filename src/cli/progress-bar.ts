import cliProgress from 'cli-progress'
import type { Output } from './output.ts'

/** How far something is, shown on stderr. */
export interface ProgressBar {
  /** Starts the bar where it is not shown; `shown` is what else its parts tell of. */
  readonly at: (done: number, total: number, shown?: object) => void
  /** Takes it away. */
  readonly stop: () => void
}

/** What is said beside the time left and the bar, the first things first: of the last ones those that a line has no room for are left out. */
export type BarParts<S extends object = object> = (done: number, total: number, shown: S) => readonly string[]

export interface BarOptions {
  /** Of how many last updates the speed is. Default 10. */
  readonly etaBuffer?: number
  /** Whether the time left can be told from what is done. Default true. */
  readonly foretold?: boolean
}

/** Of a bar, in columns. */
const longest = 40
const shortest = 8
const gap = '  '

/** So often a line is written where there is no terminal. */
const lineSeconds = 30

/** `1 h 5 min`, `2 min 5 s`, `5 s`. */
const timeOf = (seconds: number): string => {
  const whole = Math.ceil(seconds)
  const minutes = Math.floor(whole / 60)
  if (whole < 60) return `${whole} s`
  return minutes < 60 ? `${minutes} min ${whole % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

/** A line of at most so many columns: the time left, where it is known, then the bar, then the parts. */
export const barLine = (
  secondsLeft: number | undefined,
  parts: readonly string[],
  columns: number,
  drawn?: (size: number) => string,
): string => {
  const left = secondsLeft === undefined || !(secondsLeft > 0) ? '' : `${timeOf(secondsLeft)} left${gap}`
  const room = columns - 1 - left.length
  let text = parts.join(', ')
  for (let kept = parts.length - 1; kept > 0 && text.length > room; kept--) text = parts.slice(0, kept).join(', ')
  const size = Math.min(longest, room - gap.length - text.length)
  const bar = drawn === undefined || size < shortest ? '' : `${drawn(size)}${gap}`
  return `${left}${bar}${text}`.slice(0, columns - 1)
}

/** A bar on a terminal. */
const onTerminal = <S extends object>(parts: BarParts<S>, { etaBuffer, foretold = true }: BarOptions): ProgressBar => {
  const format: cliProgress.GenericFormatter = (options, { eta, progress, value, total, maxWidth }, shown: S) => {
    const secondsLeft = foretold && value > 0 && Number.isFinite(eta) ? eta : undefined
    const drawn = (barsize: number): string => cliProgress.Format.BarFormat(progress, { ...options, barsize })
    return barLine(secondsLeft, parts(value, total, shown), maxWidth, drawn)
  }
  const bar = new cliProgress.SingleBar({ format, stream: process.stderr, clearOnComplete: true, etaBuffer })
  return {
    at: (done, total, shown) => {
      if (!bar.isActive) return bar.start(total, done, shown)
      bar.setTotal(total)
      bar.update(done, shown)
    },
    stop: () => bar.stop(),
  }
}

/** A line now and then. */
const inLines = <S extends object>(
  parts: BarParts<S>,
  note: Output['note'],
  { foretold = true }: BarOptions,
): ProgressBar => {
  let started: { readonly at: number; readonly done: number } | undefined
  let said = 0
  return {
    at: (done, total, shown) => {
      const now = Date.now()
      if (started === undefined) {
        started = { at: now, done }
        said = now
      }
      if (now - said < 1000 * lineSeconds || done >= total) return
      said = now
      const each = (now - started.at) / (done - started.done) / 1000
      const secondsLeft = foretold && Number.isFinite(each) ? each * (total - done) : undefined
      note(barLine(secondsLeft, parts(done, total, (shown ?? {}) as S), Number.POSITIVE_INFINITY))
    },
    stop: () => {
      started = undefined
    },
  }
}

/** How far something is: a bar on a terminal, elsewhere a line every half minute. */
export const progressBar = <S extends object>(
  { interactive, note }: Pick<Output, 'interactive' | 'note'>,
  parts: BarParts<S>,
  options: BarOptions = {},
): ProgressBar => (interactive ? onTerminal(parts, options) : inLines(parts, note, options))

/** Of images that are run. */
export const imageParts: BarParts = (done, total) => [`${done}/${total} images`]
