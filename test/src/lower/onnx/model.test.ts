import { describe, expect, it } from 'vitest'
import { type Builder, builder, type Graph, mapType, type NodeId, vectorType } from '../../../../ir/index.ts'
import { type LowerOnnxOptions, lowerOnnx } from '../../../../src/lower/onnx/index.ts'
import { encodeModel } from '../../../../src/lower/onnx/model.ts'
import { type GraphProto, type ModelProto, onnxSchema } from '../../../../src/network/import/onnx/schema.ts'
import { fill } from '../agree.ts'

const written = (graph: Graph, options: LowerOnnxOptions = {}): GraphProto => {
  const type = onnxSchema.lookupType('ModelProto')
  const bytes = lowerOnnx(graph, fill(graph, 1).parameters, options)
  return (type.toObject(type.decode(bytes), { longs: Number, arrays: true }) as ModelProto).graph as GraphProto
}

const opsOf = (graph: GraphProto): readonly string[] => graph.node.map(node => node.op_type ?? '')

const dimsOf = (info: GraphProto['input'][number]): readonly (string | number)[] =>
  (info.type?.tensor_type?.shape?.dim ?? []).map(d => d.dim_param ?? d.dim_value ?? 0)

/** Two convolutions with biases and activations, the second added to its input, and a head. */
const residual = (): Graph => {
  const b = builder()
  const conv = (x: NodeId, name: string): NodeId =>
    b.add(
      b.conv2d(x, b.parameter(`${name}.weight`, [3, 3, 4, 4]), { padding: 1, name }),
      b.parameter(`${name}.bias`, [4]),
    )
  const x = b.input('image', mapType(5, 6, 4))
  const y = b.relu(conv(x, 'conv1'))
  const z = b.unary('relu6', b.add(conv(y, 'conv2'), y))
  return b.finish({ logits: b.add(b.dense(b.globalPool(z), b.parameter('w', [4, 2])), b.parameter('bias', [2])) })
}

describe('an exported graph', () => {
  it('is what runtimes fuse, turned at the borders only', () => {
    const inside = ['Conv', 'Relu', 'Conv', 'Add', 'Clip', 'GlobalAveragePool', 'Flatten', 'Gemm']
    expect(opsOf(written(residual()))).toEqual(['Transpose', ...inside])
    const graph = written(residual(), { layout: 'nchw', name: 'small' })
    expect(opsOf(graph)).toEqual(inside)
    expect(graph.name).toBe('small')
    expect(graph.node[0]).toMatchObject({ name: 'conv1', input: ['image', 'conv1.weight', 'conv1.bias'] })
  })

  it('has its own names outside, and a batch of any size', () => {
    const ports = ({ input, output }: GraphProto) => [...input, ...output].map(info => [info.name, ...dimsOf(info)])
    expect(ports(written(residual()))).toEqual([
      ['image', 'n', 5, 6, 4],
      ['logits', 'n', 2],
    ])
    expect(ports(written(residual(), { layout: 'nchw' }))[0]).toEqual(['image', 'n', 4, 5, 6])
  })

  it('stores each weight once for every layout it is read in', () => {
    const b = builder()
    const x = b.input('x', mapType(4, 4, 2))
    const w = b.parameter('w', [3, 3, 2, 2])
    const flipped = b.act('flip', w)
    const twice = b.conv2d(b.conv2d(x, w, { padding: 1 }), w)
    const graph = written(b.finish({ y: b.add(twice, b.conv2d(x, flipped)) }))
    expect(graph.initializer.map(({ name, dims }) => [name, dims])).toEqual([
      ['w', [2, 2, 3, 3]],
      ['w.2', [2, 2, 3, 3]],
    ])
  })

  it('gives inputs and constants as outputs too, one value under several names', () => {
    const b = builder()
    const x = b.input('x', vectorType(3))
    const y = b.relu(x)
    const graph = written(b.finish({ same: x, first: y, second: y, shared: b.parameter('p', [2, 2]) }))
    expect(graph.node.map(({ op_type, input, output }) => [op_type, ...input, ...output])).toEqual([
      ['Relu', 'x', 'first'],
      ['Identity', 'x', 'same'],
      ['Identity', 'first', 'second'],
      ['Identity', 'p', 'shared'],
    ])
    expect(dimsOf(graph.output[3])).toEqual([2, 2])
  })

  it('keeps clear of names that are taken', () => {
    const b = builder()
    const x = b.input('Relu', vectorType(3))
    const sum = b.add(b.relu(x, 'logits'), b.parameter('Relu', [3]), 'x')
    const graph = written(b.finish({ logits: b.relu(sum, 'x') }))
    const names = [...graph.node.flatMap(node => node.output), ...graph.initializer.map(({ name }) => name), 'Relu']
    expect(new Set(names).size).toBe(names.length)
    expect(graph.output.map(({ name }) => name)).toEqual(['logits'])
  })
})

describe('what is not exported', () => {
  const refused = (build: (b: Builder) => Graph, dialect: 'flat' | 'branched' = 'flat') => {
    const graph = build(builder(dialect))
    return () => lowerOnnx(graph, fill(graph, 1).parameters)
  }

  it('is named', () => {
    const branch = (b: Builder): Graph => {
      const id = { kind: 'd4', element: 'id' } as const
      const x = b.branch(b.input('x', mapType(2, 2, 2)), 'a', [id, id])
      return b.finish({ y: b.reduce(b.globalPool(x), 'max') })
    }
    expect(refused(branch, 'branched')).toThrow('saw a branched graph; expected a flat or a stacked graph.')
    expect(refused(b => b.finish({ x: b.relu(b.input('x', vectorType(2))) }))).toThrow(
      'output x: saw an input of that name; expected another name.',
    )
    expect(refused(b => b.finish({ '': b.relu(b.input('x', vectorType(2))) }))).toThrow('saw an empty name')
    const graph = residual()
    expect(() => lowerOnnx(graph, new Map())).toThrow(/conv1\.weight: saw no value/)
  })

  it('is over two gigabytes', () => {
    const data = new Float32Array(2 ** 24)
    const initializers = Array.from({ length: 33 }, (_, k) => ({ name: `w${k}`, dims: [data.length], data }))
    const graph = { name: 'large', layout: 'nhwc' as const, nodes: [], inputs: [], outputs: [], initializers }
    expect(() => encodeModel(graph)).toThrow(/large: saw 2214592512 bytes of weights; expected under 2147483647/)
  })
})
