import { fill } from './folder.ts'

export interface Layer {
  readonly name: string
  readonly class_name: string
  readonly config?: Readonly<Record<string, unknown>>
  readonly module?: string
  /** Names of the layers that it reads. */
  readonly reads?: readonly string[]
  /** A number that it is called with in place of a layer's result. */
  readonly first?: number
  /** What else it is called with: by name in Keras 2, the second argument in Keras 3. */
  readonly with?: unknown
}

type Weights = Readonly<Record<string, readonly number[]>>

export const shape = [6, 5, 4]

const manifest = (weights: Weights) => {
  const entries = Object.entries(weights)
  const sizes = entries.map(([, extents]) => extents.reduce((a, b) => a * b, 1))
  return {
    specs: entries.map(([name, extents]) => ({ name, shape: extents, dtype: 'float32' })),
    data: entries.map((_, at) => fill(sizes[at], at + 2)),
  }
}

const bytesOf = (data: readonly Float32Array[]): Uint8Array =>
  new Uint8Array(Buffer.concat(data.map(values => new Uint8Array(values.buffer))))

/** A model as Keras of that version is converted, on images of {@link shape}. */
export const files = (version: 2 | 3, layers: readonly Layer[], weights: Weights) => {
  const { specs, data } = manifest(weights)
  const history = (name: string) => ({
    class_name: '__keras_tensor__',
    config: { shape: [null], dtype: 'float32', keras_history: [name, 0, 0] },
  })
  const calls = ({ reads, first, with: more }: Omit<Layer, 'name' | 'class_name'>) => {
    if (first !== undefined) return [['_CONSTANT_VALUE', -1, first, more]]
    if (reads === undefined) return []
    if (version === 2) return [more === undefined ? reads.map(name => [name, 0, 0, {}]) : [reads[0], 0, 0, more]]
    if (more !== undefined) return [{ args: [history(reads[0]), more], kwargs: {} }]
    return [{ args: reads.length === 1 ? [history(reads[0])] : [reads.map(history)], kwargs: {} }]
  }
  const input = { name: 'image', class_name: 'InputLayer', config: { name: 'image', batch_shape: [null, ...shape] } }
  const config = {
    name: 'net',
    layers: [
      { ...input, inbound_nodes: [] },
      ...layers.map(({ reads, first, with: more, ...layer }) => ({
        ...layer,
        config: { name: layer.name, ...layer.config },
        inbound_nodes: calls({ reads, first, with: more }),
      })),
    ],
    input_layers: version === 2 ? [['image', 0, 0]] : ['image', 0, 0],
    output_layers: version === 2 ? [[layers.at(-1)?.name, 0, 0]] : [layers.at(-1)?.name, 0, 0],
  }
  return {
    'model.json': JSON.stringify({
      format: 'layers-model',
      modelTopology: {
        keras_version: version === 2 ? '2.9.0' : '3.5.0',
        model_config: { class_name: 'Functional', config },
      },
      weightsManifest: [{ paths: ['weights.bin'], weights: specs }],
    }),
    'weights.bin': bytesOf(data),
  }
}

export const pool: Layer = { name: 'pool', class_name: 'GlobalAveragePooling2D' }
