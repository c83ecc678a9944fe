import { printType, type Tensor } from '../../../ir/index.ts'

/** Where two graphs that should compute the same do not. */
export type Disagreement =
  | {
      readonly kind: 'values'
      readonly output: string
      /** Of the value furthest off: the example, then its place. */
      readonly index: readonly number[]
      readonly seen: number
      readonly wanted: number
      readonly apart: number
      /** The tolerance times the largest value, at least 1. */
      readonly allowed: number
    }
  | { readonly kind: 'interface'; readonly seen: string; readonly wanted: string }

export type Outputs = ReadonlyMap<string, Tensor>

/** How far values may be apart, relative to the largest of them and to 1: folded weights are kept in float32. */
export const defaultTolerance = 1e-4

const interfaceOf = (outputs: Outputs): string =>
  [...outputs]
    .map(([name, { shape }]) => `${name} ${printType({ kind: 'Shared', shape }).slice('Shared'.length)}`)
    .join(', ')

const apartness = (a: number, b: number): number => {
  if (a === b || (Number.isNaN(a) && Number.isNaN(b))) return 0
  const apart = Math.abs(a - b)
  return Number.isNaN(apart) ? Number.POSITIVE_INFINITY : apart
}

const placeOf = (position: number, shape: readonly number[]): readonly number[] =>
  shape.reduceRight<{ readonly rest: number; readonly place: readonly number[] }>(
    ({ rest, place }, extent) => ({ rest: Math.floor(rest / extent), place: [rest % extent, ...place] }),
    { rest: position, place: [] },
  ).place

/** The first output whose values are further apart than the tolerance allows, at its worst place; null where all agree. */
export const disagreement = (seen: Outputs, wanted: Outputs, tolerance: number): Disagreement | null => {
  const [own, other] = [interfaceOf(seen), interfaceOf(wanted)]
  if (own !== other) return { kind: 'interface', seen: own, wanted: other }
  for (const [output, { shape, data }] of wanted) {
    const { data: found } = seen.get(output) as Tensor
    let [worst, at, largest] = [0, 0, 1]
    for (let i = 0; i < data.length; i++) {
      const apart = apartness(found[i], data[i])
      if (apart > worst) [worst, at] = [apart, i]
      if (Number.isFinite(data[i])) largest = Math.max(largest, Math.abs(data[i]))
    }
    const allowed = tolerance * largest
    if (worst > allowed)
      return {
        kind: 'values',
        output,
        index: placeOf(at, shape),
        seen: found[at],
        wanted: data[at],
        apart: worst,
        allowed,
      }
  }
  return null
}

const number = (value: number): string => String(Number(value.toPrecision(9)))

export const describeDisagreement = (found: Disagreement): string =>
  found.kind === 'interface'
    ? `its outputs are ${found.seen}, where ${found.wanted} was to be`
    : `${found.output}[${found.index.join(', ')}] is ${number(found.seen)} and should be ${number(found.wanted)}: ${number(found.apart)} apart, where ${number(found.allowed)} is allowed`
