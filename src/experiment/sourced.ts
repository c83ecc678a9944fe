/** Where a result's numbers come from: keys of every result that has a page. */
export interface Sourced {
  /** As it was called, quoted for a shell. */
  readonly command: string
  readonly seeds: readonly number[]
  readonly versions: Readonly<Record<string, string>>
}
