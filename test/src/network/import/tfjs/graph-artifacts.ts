import type { io } from '@tensorflow/tfjs'
import { fill } from './folder.ts'

type Attributes = Readonly<Record<string, unknown>>

export interface Constant {
  readonly shape: readonly number[]
  readonly dtype: 'float32' | 'int32'
  readonly data: readonly number[]
}

/** A trained tensor: numbers that look random. */
export const weight = (shape: readonly number[], seed = 2): Constant => ({
  shape,
  dtype: 'float32',
  data: [
    ...fill(
      shape.reduce((a, b) => a * b, 1),
      seed,
    ),
  ],
})

export const positive = (shape: readonly number[], seed = 2): Constant => ({
  ...weight(shape, seed),
  data: weight(shape, seed).data.map(v => v * v + 0.5),
})

export const ints = (...data: readonly number[]): Constant => ({ shape: [data.length], dtype: 'int32', data })
export const int = (value: number): Constant => ({ shape: [], dtype: 'int32', data: [value] })

/** Attributes as converters write them: strings in base64, integers as strings. */
export const s = (value: string) => ({ s: Buffer.from(value).toString('base64') })
export const i = (value: number) => ({ i: String(value) })
export const is = (...values: readonly number[]) => ({ list: { i: values.map(String) } })
export const ss = (...values: readonly string[]) => ({
  list: { s: values.map(value => Buffer.from(value).toString('base64')) },
})
export const f = (value: number) => ({ f: value })
export const b = (value: boolean) => ({ b: value })

export interface GraphNode {
  readonly name: string
  readonly op: string
  readonly input?: readonly string[]
  readonly attr?: Attributes
}

export const node = (name: string, op: string, input: readonly string[], attr: Attributes = {}): GraphNode => ({
  name,
  op,
  input,
  attr: { T: { type: 'DT_FLOAT' }, ...attr },
})

/** What a frozen graph is saved as: `image` is its input, `[-1, h, w, c]`. */
export const frozen = (
  image: readonly number[],
  constants: Readonly<Record<string, Constant>>,
  nodes: readonly GraphNode[],
): io.ModelArtifacts => {
  const entries = Object.entries(constants)
  const dim = [-1, ...image].map(size => ({ size: String(size) }))
  const sources = [
    { name: 'image', op: 'Placeholder', attr: { dtype: { type: 'DT_FLOAT' }, shape: { shape: { dim } } } },
    ...entries.map(([name, { dtype }]) => ({
      name,
      op: 'Const',
      attr: { dtype: { type: dtype === 'int32' ? 'DT_INT32' : 'DT_FLOAT' } },
    })),
  ]
  const bytes = Buffer.concat(
    entries.map(([, { dtype, data }]) => {
      const values = dtype === 'int32' ? Int32Array.from(data) : Float32Array.from(data)
      return new Uint8Array(values.buffer)
    }),
  )
  return {
    format: 'graph-model',
    modelTopology: { node: [...sources, ...nodes], versions: {} },
    weightSpecs: entries.map(([name, { shape, dtype }]) => ({ name, shape: [...shape], dtype })),
    weightData: new Uint8Array(bytes).buffer,
  }
}
