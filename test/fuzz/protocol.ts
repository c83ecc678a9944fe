import type { Tried } from './attempt.ts'

/** What a process is asked to try: mutants from … to − 1 of a seed, or files. */
export type Order =
  | {
      readonly kind: 'mutants'
      readonly seed: number
      readonly from: number
      readonly to: number
      readonly formats: readonly string[]
    }
  | {
      readonly kind: 'files'
      readonly format: string
      readonly files: readonly (readonly [name: string, base64: string])[]
    }

/** What a process says. */
export type Answer =
  | { readonly kind: 'ready' }
  | { readonly kind: 'begin'; readonly k: number; readonly format: string }
  | { readonly kind: 'stage'; readonly name: string }
  | { readonly kind: 'tried'; readonly k: number; readonly format: string; readonly tried: Tried }
  | { readonly kind: 'done' }
