/** Tests by file, counted as they are collected. */
export type Chosen = readonly (readonly [file: string, tests: readonly number[]])[]

/** How one mutant is tried. */
export interface Trial {
  /** Tests that pass the mutant: of the file that is named after its source first, then of files that take less time. */
  readonly chosen: Chosen
  /** What is decided while modules load needs modules that are loaded with the mutant. */
  readonly fresh: boolean
  /** A test that uses the mutant many times more often than its place is passed without it does not end. */
  readonly usesAtMost: number
}

export type Attempt = Trial & { readonly kind: 'try'; readonly id: string }

/** What the process around a worker is asked. */
export type Order = { readonly kind: 'cover' } | Attempt

export interface TestCover {
  readonly name: string
  readonly state: 'passed' | 'failed' | 'left out'
  /** Of a processor. */
  readonly milliseconds: number
  /** How often the place of each mutant is passed. */
  readonly passes: Readonly<Record<string, number>>
}

export interface FileCover {
  readonly file: string
  /** Mutants passed while the file is loaded: those of its fixtures. */
  readonly loading: readonly string[]
  readonly tests: readonly TestCover[]
}

export interface Covered {
  readonly kind: 'covered'
  /** Mutants passed while the sources are loaded. */
  readonly atOnce: readonly string[]
  readonly files: readonly FileCover[]
}

export type Answer =
  | { readonly kind: 'ready' }
  | Covered
  /** `by` is the test that failed, or null. */
  | { readonly kind: 'tried'; readonly by: string | null }
