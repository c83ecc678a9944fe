import * as t from 'io-ts'
import { JsonObject } from '../model-json.ts'

/** The result of a layer's call: which layer, which of its calls, which of that call's results. */
export interface Reference {
  readonly layer: string
  readonly call: number
  readonly result: number
}

/** What a call is given in one place: one of the results that it reads, by its number, or what the file says, a number mostly. */
export type Argument = { readonly read: number } | { readonly value: unknown }

/** A call of a layer. */
export interface Call {
  readonly reads: readonly Reference[]
  readonly positional: readonly Argument[]
  readonly named: Readonly<Record<string, Argument>>
}

export const nestedAtMost = 32

/** A call that is given some results and nothing else. */
export const callReading = (...reads: readonly Reference[]): Call => ({
  reads,
  positional: reads.map((_, read) => ({ read })),
  named: {},
})

const isReference = (value: unknown): value is readonly [string, number, number, unknown?] =>
  Array.isArray(value) &&
  value.length >= 3 &&
  typeof value[0] === 'string' &&
  Number.isSafeInteger(value[1]) &&
  Number.isSafeInteger(value[2])

/** Keras 2 writes a first argument that is no layer's result so, in a reference's place. */
const isConstant = (value: unknown): value is readonly ['_CONSTANT_VALUE', number, unknown, unknown?] =>
  Array.isArray(value) && value.length >= 3 && value[0] === '_CONSTANT_VALUE'

const History = t.type({ config: t.type({ keras_history: t.array(t.unknown) }) })
const Arguments = t.intersection([t.type({ args: t.array(t.unknown) }), t.partial({ kwargs: JsonObject })])

type Item = Reference | { readonly value: unknown }

const isResult = (item: Item): item is Reference => 'layer' in item

/** One argument: a list of results is as many, another list is one value. */
const itemsOf = (value: unknown, depth = 0): readonly Item[] => {
  if (isConstant(value)) return [{ value: value[2] }]
  if (isReference(value)) return [{ layer: value[0], call: value[1], result: value[2] }]
  if (History.is(value)) return itemsOf(value.config.keras_history, depth + 1)
  if (!Array.isArray(value) || depth > nestedAtMost) return [{ value }]
  const items = value.flatMap(item => itemsOf(item, depth + 1))
  return items.some(isResult) ? items : [{ value }]
}

/** References in order of appearance: `["conv", 0, 0]` alone or in lists (Keras 2), or histories of tensors (Keras 3). */
export const referencesIn = (value: unknown): readonly Reference[] => itemsOf(value).filter(isResult)

/** What Keras 2 puts after the first argument, where that is a result or a constant: `["conv", 0, 0, {"y": 3}]`. */
const namedIn = (value: unknown, depth = 0): Readonly<Record<string, unknown>> => {
  if (!Array.isArray(value) || depth > nestedAtMost) return {}
  if (isConstant(value) || isReference(value)) return JsonObject.is(value[3]) ? value[3] : {}
  return namedIn(value[0], depth + 1)
}

/** A call as the file has it. */
export const callOf = (json: unknown): Call => {
  if (Array.isArray(json) && json.length === 0) return callReading()
  const reads: Reference[] = []
  const argument = (item: Item): Argument => (isResult(item) ? { read: reads.push(item) - 1 } : item)
  const given = Arguments.is(json)
    ? { positional: json.args.flatMap(item => itemsOf(item)), named: json.kwargs ?? {} }
    : { positional: itemsOf(json), named: namedIn(json) }
  const positional = given.positional.map(argument)
  const named = Object.entries(given.named).map(([key, value]) => {
    const items = itemsOf(value)
    return [key, argument(items.length === 1 ? items[0] : { value })] as const
  })
  return { reads, positional, named: Object.fromEntries(named) }
}
