import { readFileSync } from 'node:fs'
import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import { renderProblems } from '../../../../../ir/error.ts'
import { orThrow } from '../../../../../src/base/error.ts'
import { importOnnx } from '../../../../../src/network/import/onnx/index.ts'
import { hasShared, sharedPath } from '../../../../shared.ts'
import {
  type Array4,
  channelsLast,
  encode,
  type GraphSpec,
  importBytes,
  list,
  logitsOf,
  type ModelSpec,
  networkOf,
  node,
  numbers,
  problemsOf,
  scalar,
} from './model.ts'

const image: Array4 = numbers([1, 3, 4, 4])
const weights = { w: numbers([5, 3, 3, 3]), b: numbers([5]) }
const plain: ModelSpec = {
  opset: 18,
  input: ['n', 3, 4, 4],
  floats: weights,
  nodes: [
    node('Conv', 'x w b', 'c'),
    node('Relu', 'c', 'r'),
    node('GlobalAveragePool', 'r', 'g'),
    node('Flatten', 'g', 'y'),
  ],
}
const scores = async (spec: ModelSpec): Promise<readonly number[]> =>
  logitsOf(await networkOf(spec), channelsLast(image))

describe('the order of nodes', () => {
  it('is that of their values, whatever the file has', async () => {
    expect(await scores({ ...plain, nodes: plain.nodes.toReversed() })).toEqual(await scores(plain))
  })

  it('leaves no cycles', async () => {
    const nodes = [node('Add', 'x b2', 'a2'), node('Relu', 'a2', 'b2'), ...plain.nodes]
    expect(await problemsOf({ ...plain, nodes })).toContain(
      'node Add of a2 (Add): saw a node that waits for itself; expected a graph without cycles',
    )
  })
})

describe('local functions', () => {
  const inner = { name: 'Act', domain: 'lib', inputs: ['self'], outputs: ['res'], nodes: [node('Relu', 'self', 'res')] }
  const block = {
    name: 'Block',
    domain: 'own',
    inputs: ['i', 'w', 'b'],
    outputs: ['o'],
    nodes: [node('Conv', 'i w b', 'c'), { op: 'Act', domain: 'lib', in: ['c'], out: ['o'] }],
  }
  const call = { op: 'Block', domain: 'own', in: ['x', 'w', 'b'], out: ['r'] }
  const tail = plain.nodes.slice(2)

  it('stand for their nodes, one inside another', async () => {
    const spec = { ...plain, functions: [inner, block], nodes: [call, ...tail] }
    expect(await scores(spec)).toEqual(await scores(plain))
  })

  it('keep the values of two calls apart, and take attributes of the call', async () => {
    const leak = {
      name: 'Leak',
      domain: 'own',
      inputs: ['i', 'more'],
      outputs: ['o'],
      attributes: ['slope'],
      nodes: [node('LeakyRelu', 'i', 'c', { alpha: { reference: 'slope', type: 1 } }), node('Neg', 'c', 'o')],
    }
    const leaking = (from: string, to: string, slope: number) => ({
      op: 'Leak',
      domain: 'own',
      in: [from],
      out: [to],
      with: { slope: { float: slope } },
    })
    const nodes = [node('Conv', 'x w b', 'c'), leaking('c', 'd', 0.25), leaking('d', 'r', 0.5), ...tail]
    const written = [
      node('Conv', 'x w b', 'c'),
      node('LeakyRelu', 'c', 'd', { alpha: { float: 0.25 } }),
      node('Neg', 'd', 'e'),
      node('LeakyRelu', 'e', 'f', { alpha: { float: 0.5 } }),
      node('Neg', 'f', 'r'),
      ...tail,
    ]
    expect(await scores({ ...plain, functions: [leak], nodes })).toEqual(await scores({ ...plain, nodes: written }))
  })

  it('are refused without an end, with surplus inputs, or in another version of the standard', async () => {
    const loop = { ...inner, nodes: [{ op: 'Act', domain: 'lib', in: ['self'], out: ['res'] }] }
    const twice = {
      ...inner,
      nodes: ['a', 'res'].map(out => ({ op: 'Act', domain: 'lib', in: ['self'], out: [out] })),
    }
    const nodes = [call, ...tail]
    expect(await problemsOf({ ...plain, functions: [loop, block], nodes })).toContain('saw calls 64 deep')
    expect(await problemsOf({ ...plain, functions: [twice, block], nodes })).toContain('saw calls 64 deep')
    const surplus = [{ ...call, in: ['x', 'w', 'b', 'b'] }, ...tail]
    expect(await problemsOf({ ...plain, functions: [inner, block], nodes: surplus })).toContain(
      'saw a call of Block with 4 inputs and 1 outputs; expected at most 3 and 1',
    )
    expect(await problemsOf({ ...plain, functions: [inner, { ...block, opset: 12 }], nodes })).toContain('of opset 12')
  })

  it('grow no file beyond bounds', async () => {
    const levels = Array.from({ length: 40 }, (_, k) => ({
      name: `F${k}`,
      domain: 'own',
      inputs: ['i'],
      outputs: ['o'],
      nodes:
        k === 0
          ? [node('Relu', 'i', 'o')]
          : [
              { op: `F${k - 1}`, domain: 'own', in: ['i'], out: ['c'] },
              { op: `F${k - 1}`, domain: 'own', in: ['c'], out: ['o'] },
            ],
    }))
    const nodes = [node('Conv', 'x w b', 'c'), { op: 'F39', domain: 'own', in: ['c'], out: ['r'] }, ...tail]
    expect(await problemsOf({ ...plain, functions: levels, nodes })).toContain('saw over 131072 nodes')
  })

  it('are no ops of the standard: those of a foreign domain with such a name are not known', async () => {
    const foreign = { op: 'Relu', domain: 'com.example', in: ['c'], out: ['r'] }
    const nodes = [node('Conv', 'x w b', 'c'), foreign, ...tail]
    expect(await problemsOf({ ...plain, domains: ['com.example'], nodes })).toContain('saw op com.example.Relu')
    const gated = [
      node('Conv', 'x w b', 'c'),
      { op: 'Sigmoid', domain: 'com.example', in: ['c'], out: ['s'] },
      node('Mul', 'c s', 'r'),
      ...tail,
    ]
    expect(await problemsOf({ ...plain, domains: ['com.example'], nodes: gated })).toContain('com.example.Sigmoid')
  })
})

describe('If', () => {
  const branch = (nodes: GraphSpec['nodes'], outputs: readonly string[], ints = {}) => ({
    graph: { nodes, outputs, ints },
  })
  const squeeze = branch([node('Squeeze', 'g axes', 'then')], ['then'])
  const keep = branch([node('Identity', 'g', 'else')], ['else'])
  const guarded = (at: number, more: object = {}): ModelSpec => ({
    ...plain,
    ints: { at: list(at), one: list(1), axes: list(3) },
    nodes: [
      ...plain.nodes.slice(0, 3),
      node('Shape', 'g', 'shape'),
      node('Gather', 'shape at', 'extent'),
      node('Equal', 'extent one', 'condition'),
      node('If', 'condition', 'z', { then_branch: squeeze, else_branch: keep }),
      node('Flatten', 'z', 'y'),
    ],
    ...more,
  })

  it('takes the branch that the extents say', async () => {
    const wanted = await scores(plain)
    expect(await scores(guarded(3))).toEqual(wanted)
    expect(await scores(guarded(1))).toEqual(wanted)
    expect((await networkOf(guarded(1))).graph.nodes).toEqual((await networkOf(plain)).graph.nodes)
  })

  it('asks nothing of the branch that is not taken', async () => {
    const loop = branch([node('Loop', 'unsupported', 'else')], ['else'])
    const nodes = guarded(3).nodes.map(n =>
      n.op === 'If' ? node('If', 'condition', 'z', { then_branch: squeeze, else_branch: loop }) : n,
    )
    const beside = node('GridSample', 'c c', 'unsupported')
    expect(await scores({ ...guarded(3), nodes: [beside, ...nodes] })).toEqual(await scores(plain))
  })

  it('stands inside another, and two have values of one name', async () => {
    const act = (op: string) => branch([node(op, 'c', 'inside'), node('Identity', 'inside', 'out')], ['out'])
    const nested = branch([node('If', 'no', 'deep', { then_branch: act('Neg'), else_branch: act('Relu') })], ['deep'])
    const bools = [true, false].map((value, k) => ({
      name: ['yes', 'no'][k],
      dims: [],
      data_type: 9,
      raw_data: Uint8Array.from([Number(value)]),
    }))
    const spec: ModelSpec = {
      ...plain,
      raw: bools,
      nodes: [
        plain.nodes[0],
        node('If', 'yes', 'p', { then_branch: nested, else_branch: act('Neg') }),
        node('If', 'yes', 'q', { then_branch: act('Abs'), else_branch: act('Neg') }),
        node('Add', 'p q', 'r'),
        ...plain.nodes.slice(2),
      ],
    }
    const written = [node('Conv', 'x w b', 'c'), node('Relu', 'c', 'p'), node('Abs', 'c', 'q'), node('Add', 'p q', 'r')]
    expect(await scores(spec)).toEqual(await scores({ ...plain, nodes: [...written, ...plain.nodes.slice(2)] }))
  })

  it('is refused where only the image decides, or a branch is not what it says', async () => {
    const open = [
      ...plain.nodes.slice(0, 3),
      node('If', 'g', 'z', { then_branch: squeeze, else_branch: keep }),
      node('Flatten', 'z', 'y'),
    ]
    expect(await problemsOf({ ...plain, ints: { axes: list(3) }, nodes: open })).toContain(
      'node If of z (If): saw op If on a computed condition; expected a condition known at import',
    )
    const shadow = branch([node('Relu', 'g', 'r')], ['r'])
    const nodes = guarded(3).nodes.map(n =>
      n.op === 'If' ? node('If', 'condition', 'z', { then_branch: shadow, else_branch: keep }) : n,
    )
    expect(await problemsOf({ ...guarded(3), nodes })).toContain('saw another definition of r')
    expect(await problemsOf({ ...guarded(3), ints: { at: list(0), one: scalar(1), axes: list(3) } })).toContain(
      'arithmetic on the size of the batch',
    )
  })
})

describe.skipIf(!hasShared)('files that onnxruntime runs (../shared is absent: no files)', () => {
  const folder = sharedPath('cases', 'onnx-refusals')

  it.each(['sorted', 'unsorted', 'functions', 'if_squeeze', 'dynhw'])('%s.onnx', async name => {
    const network = orThrow(await importOnnx(`${folder}/${name}.onnx`, { size: [12, 12] })())
    const { buffer } = new Uint8Array(readFileSync(`${folder}/unsorted.raw`))
    const images = { shape: [3, 12, 12, 3], data: new Float32Array(buffer) }
    const wanted = JSON.parse(readFileSync(`${folder}/expected.json`, 'utf8')).onnxruntime_of_all_four.flat()
    logitsOf(network, images).forEach((value, k) => {
      expect(Math.abs(value - wanted[k])).toBeLessThan(1e-5)
    })
  })

  it.each(['bn9_5of5out', 'bn11_5of5out', 'bn13_5of5out', 'bn14'])('but not %s.onnx in training mode', async name => {
    const network = await importOnnx(sharedPath('cases', 'bn-training-outputs', `${name}.onnx`))()
    expect(E.isLeft(network) ? renderProblems(network.left) : 'nothing').toContain(
      'Try: export the network in evaluation mode',
    )
  })
})

describe('batch normalization', () => {
  it.each([9, 13, 14, 17])('in opset %i has more outputs only in training', async opset => {
    const spec: ModelSpec = {
      opset,
      input: ['n', 3, 4, 4],
      floats: { s: numbers([3]), v: { dims: [3], values: [1, 2, 3] } },
      nodes: [
        node('BatchNormalization', 'x s s s v', opset < 14 ? 'z m2 v2 m3 v3' : 'z m2 v2'),
        node('GlobalAveragePool', 'z', 'g'),
        node('Flatten', 'g', 'y'),
      ],
    }
    expect(await problemsOf(spec)).toContain(': batch normalization in training mode; expected one output')
    const absent = { ...spec, nodes: [{ ...spec.nodes[0], out: ['z', '', ''] }, ...spec.nodes.slice(1)] }
    expect(E.isRight(await importBytes(encode(absent)))).toBe(true)
  })
})
