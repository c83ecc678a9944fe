import { describe, expect, it } from 'vitest'
import { type Array4, type FunctionSpec, list, type ModelSpec, type NodeSpec, node, scalar } from './model.ts'
import { absent, both } from './oracle.ts'

/** Draws from a seed. */
const draws = (seed: number) => {
  let state = seed * 2654435761 + 1
  const next = (): number => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) >>> 0
    const mixed = Math.imul(state ^ (state >>> 12), 0x297a2d39) >>> 0
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32
  }
  const below = (n: number): number => Math.floor(next() * n)
  return {
    below,
    pick: <A>(items: readonly A[]): A => items[below(items.length)],
    real: (dims: readonly number[]): Array4 => ({
      dims,
      values: Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => Math.fround(next() * 2 - 1)),
    }),
    shuffled: <A>(items: readonly A[]): readonly A[] =>
      items
        .map(item => [next(), item] as const)
        .sort(([a], [b]) => a - b)
        .map(([, item]) => item),
  }
}

/** A network as exporters of many kinds write one: weights computed from constants, functions, branches, nodes in any order. */
export const drawn = (seed: number): ModelSpec => {
  const { below, pick, real, shuffled } = draws(seed)
  const opset = pick([11, 13, 17, 18])
  const nodes: NodeSpec[] = []
  const floats: Record<string, Array4> = {}
  const ints: Record<string, Array4> = {}
  const functions: FunctionSpec[] = []
  let count = 0
  const fresh = (base: string): string => `${base}${count++}`
  const float = (value: Array4): string => {
    const name = fresh('f')
    floats[name] = value
    return name
  }
  const int = (...values: readonly number[]): string => {
    const name = fresh('i')
    ints[name] = list(...values)
    return name
  }
  const add = (op: string, inputs: string, attributes: NodeSpec['with'] = {}): string => {
    const out = fresh(op.toLowerCase())
    nodes.push(node(op, inputs, out, attributes))
    return out
  }
  const reduce = (op: string, x: string, axes: readonly number[], keep = 1): string =>
    opset >= 18 || (op === 'ReduceSum' && opset >= 13)
      ? add(op, `${x} ${int(...axes)}`, { keepdims: keep })
      : add(op, x, { axes, keepdims: keep })

  /** A weight of these extents, the long way round. */
  const weight = (dims: readonly number[]): string => {
    const plain = float(real(dims))
    const all = dims.map((_, k) => k)
    switch (below(9)) {
      case 0: {
        const centred = add('Sub', `${plain} ${reduce('ReduceMean', plain, all.slice(1))}`)
        const variance = reduce('ReduceMean', add('Mul', `${centred} ${centred}`), all.slice(1))
        return add('Div', `${centred} ${add('Sqrt', add('Add', `${variance} ${float(scalar(1e-3))}`))}`)
      }
      case 1:
        return add('Transpose', add('Transpose', plain, { perm: all.toReversed() }), { perm: all.toReversed() })
      case 2:
        return add('Reshape', `${add('Flatten', plain)} ${int(...dims)}`)
      case 3:
        return add('Clip', `${plain} ${float(scalar(-0.5))} ${float(scalar(0.25))}`)
      case 4:
        return add('Add', `${add('Tanh', plain)} ${add('ConstantOfShape', int(...dims))}`)
      case 5:
        return add('Div', `${plain} ${reduce('ReduceL2', plain, all.slice(1))}`)
      case 6: {
        const shape = add('Shape', plain)
        return add('Add', `${plain} ${add('Expand', `${float(scalar(0.125))} ${shape}`)}`)
      }
      case 7: {
        const first = add(
          'Gather',
          `${plain} ${int(...all.slice(0, 1).flatMap(() => shuffled(Array.from({ length: dims[0] }, (_, k) => k))))}`,
        )
        return add('Where', `${add('Less', `${first} ${float(scalar(0))}`)} ${first} ${add('Neg', plain)}`)
      }
      default:
        return plain
    }
  }

  let [c, h, w] = [3, 7, 6]
  let x = 'x'
  const activation = (): void => {
    const op = pick([
      'Relu',
      'Sigmoid',
      'Tanh',
      'Abs',
      'Neg',
      'LeakyRelu',
      'Elu',
      'HardSigmoid',
      'Softplus',
      'swish',
      'clip',
    ])
    if (op === 'swish') x = add('Mul', shuffled([x, add('Sigmoid', x)]).join(' '))
    else if (op === 'clip') x = add('Clip', `${x} ${float(scalar(-1))} ${float(scalar(1))}`)
    else x = add(op, x)
  }
  const convolution = (): void => {
    const groups = pick([1, 1, c])
    const outputs = groups === 1 ? 2 + below(4) : c * (1 + below(2))
    const [r, s] = [1 + below(Math.min(3, h)), 1 + below(Math.min(3, w))]
    const strides = [1 + below(2), 1 + below(2)]
    const pads = [below(r), below(s), below(r), below(s)]
    const inputs = [x, weight([outputs, c / groups, r, s]), ...(below(2) === 0 ? [weight([outputs])] : [])]
    x = add('Conv', inputs.join(' '), { strides, pads, group: groups })
    c = outputs
    h = Math.floor((h + pads[0] + pads[2] - r) / strides[0]) + 1
    w = Math.floor((w + pads[1] + pads[3] - s) / strides[1]) + 1
  }
  const gate = (): void => {
    const op = pick(['ReduceMean', 'ReduceMax', 'ReduceSum', 'ReduceMin', 'ReduceL2', 'ReduceL1', 'ReduceSumSquare'])
    const axes = pick([[2, 3], [1], [2], [3], [-1, -2]])
    x = add(pick(['Mul', 'Add', 'Sub', 'Max']), `${x} ${reduce(op, x, axes)}`)
  }
  const pooling = (): void => {
    if (h < 2 || w < 2) return
    x = add(pick(['MaxPool', 'AveragePool']), x, { kernel_shape: [2, 2], strides: [1 + below(2), 1] })
    h = nodes[nodes.length - 1].with?.strides?.toString().startsWith('2') ? Math.floor((h - 2) / 2) + 1 : h - 1
    w -= 1
  }
  const normalization = (): void => {
    const positive = add('Add', `${add('Abs', weight([c]))} ${float(scalar(0.5))}`)
    x = add('BatchNormalization', `${x} ${weight([c])} ${weight([c])} ${weight([c])} ${positive}`)
  }
  const branch = (): void => {
    const at = pick([1, 2, 3])
    const extent = add('Gather', `${add('Shape', x)} ${int(at)}`)
    const condition = add(pick(['Equal', 'Less', 'Greater']), `${extent} ${int(pick([1, 3, 5, 6]))}`)
    const side = (op: string) => ({
      graph: { nodes: [node(op, x, 'in'), node('Identity', 'in', 'out')], outputs: ['out'] },
    })
    x = add('If', condition, { then_branch: side('Relu'), else_branch: side('Abs') })
  }
  const call = (): void => {
    const name = fresh('Fn')
    functions.push({
      name,
      domain: 'own',
      inputs: ['a', 'b'],
      outputs: ['o'],
      nodes: [node('Mul', 'a b', 'c'), node('Tanh', 'c', 'o')],
    })
    const out = fresh('call')
    nodes.push({ op: name, domain: 'own', in: [x, weight([1, c, 1, 1])], out: [out] })
    x = out
  }
  const scaled = (): void => {
    x = add(
      pick(['Mul', 'Add', 'Sub', 'Div', 'Min', 'Max']),
      `${x} ${weight(
        pick([
          [c, 1, 1],
          [1, c, 1, 1],
          [1, 1, 1, w],
          [h, 1],
        ]),
      )}`,
    )
  }
  /** Values one after another along a new axis, and what is done to all of them before they are one again. */
  const stack = (): void => {
    const one = (value: string): string =>
      opset >= 13 ? add('Unsqueeze', `${value} ${int(1)}`) : add('Unsqueeze', value, { axes: [1] })
    const both = [x, add(pick(['Neg', 'Sigmoid', 'Abs']), x)].map(one)
    const stacked = add('Concat', both.join(' '), { axis: 1 })
    const done = pick([
      () => stacked,
      () => add(pick(['Relu', 'Tanh']), stacked),
      () => add(pick(['Add', 'Mul', 'Max']), `${stacked} ${float(scalar(0.25))}`),
      () => add('Mul', `${stacked} ${weight([1, 2, c, 1, 1])}`),
    ])()
    x = reduce(pick(['ReduceMean', 'ReduceSum', 'ReduceMax']), done, [1], 0)
  }
  /** Rows, columns or channels that are one, again as often as there were. */
  const repeated = (): void => {
    const mean = reduce(pick(['ReduceMean', 'ReduceMax']), x, [pick([1, 2, 3])])
    const wide = add('Expand', `${mean} ${int(1, c, h, w)}`)
    const how = pick(['Mul', 'Sub', 'Concat', 'Identity'])
    x = how === 'Concat' ? add(how, `${x} ${wide}`, { axis: 1 }) : add(how, how === 'Identity' ? wide : `${x} ${wide}`)
    if (how === 'Concat') c *= 2
  }
  const tiled = (): void => {
    const [channels, rows] = pick([
      [2, 1],
      [1, 2],
    ])
    x = add('Tile', `${x} ${int(1, channels, rows, 1)}`)
    ;[c, h] = [c * channels, h * rows]
  }
  const mixed = (): void => {
    if (opset < 12) return
    x = add('Einsum', `${x} ${weight([4, c])}`, { equation: pick(['nchw,dc->ndhw', 'abij,kb -> akij']) })
    c = 4
  }

  convolution()
  for (let k = 3 + below(5); k > 0; k--)
    pick([activation, convolution, gate, pooling, normalization, branch, call, scaled, stack, repeated, tiled, mixed])()
  const pooled = pick([() => add('GlobalAveragePool', x), () => reduce('ReduceMax', x, [2, 3])])()
  const flat = add('Flatten', pooled)
  nodes.push(node('Gemm', `${flat} ${weight([4, c])} ${weight([4])}`, 'y', { transB: 1 }))
  return { opset, input: ['n', 3, 7, 6], floats, ints, functions, nodes: shuffled(nodes) }
}

const seeds = Array.from(
  { length: Number(process.env.ONNX_SEEDS ?? 25) },
  (_, k) => k + Number(process.env.ONNX_FROM ?? 0),
)

describe.skipIf(absent !== undefined)(
  `networks drawn from a seed are what onnxruntime makes of them${absent ?? ''}`,
  () => {
    it.each(seeds)('seed %i', async seed => {
      const image = draws(seed + 1000).real([1, 3, 7, 6])
      const { own, theirs } = await both(drawn(seed), image)
      if (typeof own === 'string' || typeof theirs === 'string') expect({ own, theirs }).toBe('numbers of both')
      else {
        expect(own).toHaveLength(theirs.length)
        own.forEach((value, k) => {
          if (Number.isFinite(theirs[k]))
            expect(Math.abs(value - theirs[k])).toBeLessThan(1e-4 * Math.max(1, Math.abs(theirs[k])))
        })
      }
    })
  },
)
