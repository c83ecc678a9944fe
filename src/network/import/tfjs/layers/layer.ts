import { either as E } from 'fp-ts'
import * as t from 'io-ts'
import { excerpt, type Pair } from '../../../../../ir/index.ts'
import type { Canvas, Constant, Example } from '../canvas.ts'
import { refuse } from '../refusal.ts'
import type { Call } from './call.ts'

export type Config = Readonly<Record<string, unknown>>

/** One call of a layer: what its rule reads. */
export interface Layer {
  readonly canvas: Canvas
  readonly name: string
  readonly config: Config
  readonly call: Call
  /** The results that the call reads. */
  readonly inputs: readonly Example[]
  /** The layer's weight of one of these names; refuses where the model has none. */
  readonly weight: (...names: readonly string[]) => Constant
}

export type LayerRule = (layer: Layer) => Example

/** A key of the configuration, `fallback` where it is absent or null. */
export const setting = <A>({ config }: Layer, key: string, codec: t.Decoder<unknown, A>, fallback: A): A => {
  const value = Object.hasOwn(config, key) ? config[key] : undefined
  if (value === undefined || value === null) return fallback
  const decoded = codec.decode(value)
  return E.isRight(decoded)
    ? decoded.right
    : refuse(
        'malformed-file',
        `${key} ${excerpt(value)}`,
        (codec as { readonly name?: string }).name ?? 'another value',
      )
}

/** A number for rows and columns, or `[rows, columns]`. */
export const perAxis = (layer: Layer, key: string, fallback: Pair): Pair => {
  const value = setting<number | readonly number[]>(
    layer,
    key,
    t.union([t.number, t.array(t.number)], 'a number or two'),
    fallback,
  )
  if (typeof value === 'number') return [value, value]
  return value.length === 2 ? [value[0], value[1]] : refuse('malformed-file', `${key} [${value}]`, 'a number or two')
}

/** The one input of a layer. */
export const only = ({ inputs }: Layer): Example =>
  inputs.length === 1 ? inputs[0] : refuse('malformed-file', `${inputs.length} inputs`, 'one')

/** Refuses images whose channels come before their pixels. */
export const channelsLast = (layer: Layer): void => {
  const format = setting(layer, 'data_format', t.string, 'channels_last')
  if (format !== 'channels_last') refuse('unsupported-attribute', `data_format ${format}`, 'channels_last')
}

/** The numbers of a setting, `default` where it has none, as a constant `[c]` or `[]`. */
export const constants = (layer: Layer, key: string, fallback: number): Constant => {
  const value = setting<number | readonly number[]>(
    layer,
    key,
    t.union([t.number, t.array(t.number)], 'a number or numbers'),
    fallback,
  )
  return typeof value === 'number'
    ? {
        kind: 'constant',
        name: `${layer.name}/${key}`,
        value: { shape: [], data: Float64Array.of(value) },
        fixed: true,
      }
    : {
        kind: 'constant',
        name: `${layer.name}/${key}`,
        value: { shape: [value.length], data: Float64Array.from(value) },
        fixed: true,
      }
}

/** Refuses an `axis` other than the last, which holds the channels; it may be in a list. */
export const lastAxisOnly = (layer: Layer, x: Example): void => {
  const axis = setting<number | readonly number[]>(layer, 'axis', t.union([t.number, t.array(t.number)], 'an axis'), -1)
  if (![-1, x.shape.length].includes(Number(axis)))
    refuse('unsupported-attribute', `axis ${axis}`, `-1 or ${x.shape.length}, the channels`)
}
