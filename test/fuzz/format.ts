import type { Random } from '../../src/base/random.ts'

/** What is opened: the bytes of files by their paths in a folder. */
export type Files = ReadonlyMap<string, Uint8Array>

/** `opened`, or the tags of the problems it was refused for. */
export type Outcome = 'opened' | readonly string[]

/** Where a case is tried. */
export interface Trial {
  /** A folder of its own that holds the case's files. */
  readonly folder: string
  /** Whether every check is made; else a few of the dear ones are left out, always the same for the same files. */
  readonly wants: (check: string, oneIn: number) => boolean
  /** Says what begins, so that a death in another's library is not laid at our door. */
  readonly stage: (name: 'ours' | 'onnxruntime') => void
  /** Counts what is no finding and worth knowing. */
  readonly note: (text: string) => void
}

/** A kind of input: files that are right, ways to make others of them, and the way in. */
export interface Format {
  readonly name: string
  /** How often it is drawn, beside the others. */
  readonly weight: number
  /** Its folder in the corpus, where that is another's. */
  readonly corpus?: string
  readonly mutate: (sample: Files, random: Random, others: readonly Files[]) => Files
  /** Opens the files through the front door and goes on with what is in them. Whatever it throws is a finding, but for an EspalierError. */
  readonly open: (files: Files, place: Trial) => Promise<Outcome>
  /** Smaller cases that may show the same, the smallest first. */
  readonly smaller: (files: Files) => Iterable<Files>
}

/** Two ways to the same answer give another: a finding. */
export class Disagreement extends Error {
  override readonly name = 'Disagreement'
}

export const withFile = (files: Files, name: string, bytes: Uint8Array): Files => new Map([...files, [name, bytes]])

export const textOf = (files: Files, name: string): string => Buffer.from(files.get(name) ?? []).toString('utf8')

export const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'utf8'))
