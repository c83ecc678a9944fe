import type { Sourced } from '../../experiment/sourced.ts'

export interface Answer {
  readonly predicted: number
  readonly class?: string
  readonly margin: number
}

export interface Image {
  readonly index: number
  readonly file: string
  readonly label: number
  readonly label_class?: string
}

export interface Turned extends Image {
  readonly vanilla: Answer
  readonly plan: Answer
}

/** What `views` found, as far as its page reads it. */
export interface ViewsFindings extends Sourced {
  readonly network: string
  readonly plan: string
  readonly data: string
  readonly images: number
  readonly error_percent: number
  readonly error_interval_percent: readonly [number, number]
  readonly vanilla_error_percent: number
  readonly vanilla_error_interval_percent: readonly [number, number]
  readonly p_value: number
  readonly won: readonly Turned[]
  readonly lost: readonly Turned[]
  readonly by_class: readonly {
    readonly class: number
    readonly name?: string
    readonly images: number
    readonly won: number
    readonly lost: number
    readonly net: number
    readonly p_value: number
  }[]
  readonly variants: readonly {
    readonly variant: string
    readonly error_percent: number
    readonly error_interval_percent: readonly [number, number]
    readonly agreement_percent: number
  }[]
  readonly disagreement_percent: readonly (readonly number[])[]
  readonly disputed: readonly (Image & {
    readonly plan: Answer
    readonly distance: number
    readonly answers: readonly { readonly variant: string; readonly predicted: number; readonly class?: string }[]
  })[]
  /** How many images disagree at all; `disputed` has the first of them. */
  readonly disputed_images: number
}

export const classNamed = (index: number, name: string | undefined): string => name ?? `class ${index}`
