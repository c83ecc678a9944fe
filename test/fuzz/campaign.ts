import type { Tried } from './attempt.ts'
import { limits, type Process, type Reported, startProcess } from './process.ts'

export interface CampaignOptions {
  readonly seed: number
  /** The first mutant, and the one after the last. */
  readonly from: number
  readonly to: number
  readonly workers: number
  /** Names; none for all. */
  readonly formats: readonly string[]
  readonly stopped: () => boolean
  readonly report: (reported: Reported) => void
}

/** Mutants that a process is asked for at a time, and those after which another takes its place. */
const chunk = 25
const retireAfter = 4000

/** Tries mutants in processes of their own until all are tried or it is told to stop. The most memory of any process. */
export const campaign = async (options: CampaignOptions): Promise<number> => {
  const { seed, to, workers, formats, stopped, report } = options
  let next = options.from
  let peak = 0
  const work = async (): Promise<void> => {
    let process: Process | undefined
    let tried = 0
    const end = (): void => {
      peak = Math.max(peak, process?.peak() ?? 0)
      process?.end()
      process = undefined
      tried = 0
    }
    while (next < to && !stopped()) {
      let from = next
      const until = Math.min(from + chunk, to)
      next = until
      while (from < until && !stopped()) {
        process ??= await startProcess()
        const outcome = await process.follow({ kind: 'mutants', seed, from, to: until, formats }, reported => {
          from = reported.k + 1
          report(reported)
        })
        tried += chunk
        if (outcome === 'lost' || tried >= retireAfter) end()
        if (outcome === 'done') break
      }
    }
    end()
  }
  await Promise.all(Array.from({ length: workers }, work))
  return peak
}

/** Tries files in a process that is kept for the next. */
export const trier = () => {
  let kept: Process | undefined
  const end = (): void => {
    kept?.end()
    kept = undefined
  }
  const attempt = async (format: string, files: ReadonlyMap<string, Uint8Array>): Promise<Tried> => {
    kept ??= await startProcess()
    let seen: Tried | undefined
    const encoded = [...files].map(([name, bytes]) => [name, Buffer.from(bytes).toString('base64')] as const)
    const outcome = await kept.follow({ kind: 'files', format, files: encoded }, ({ tried }) => {
      seen = tried
    })
    if (outcome === 'lost') end()
    return seen ?? { outcome: 'refused', tags: [], notes: [], milliseconds: limits.milliseconds, growth: 0 }
  }
  return { attempt, end }
}
