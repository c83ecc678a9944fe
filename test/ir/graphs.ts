import fc from 'fast-check'
import {
  type AttributesOf,
  type Dialect,
  draft,
  elements,
  type Graph,
  inferNode,
  mapType,
  type NodeId,
  type OpTag,
  sharedType,
  type Transform,
} from '../../ir/index.ts'

const zeroPads = [
  [0, 0],
  [0, 0],
] as const
const one = [1, 1] as const

const finite = fc.double({ noNaN: true, noDefaultInfinity: true }).map(x => x + 0)

const transform: fc.Arbitrary<Transform> = fc.oneof(
  fc.constantFrom(...elements).map(element => ({ kind: 'd4', element }) as const),
  fc.tuple(fc.integer({ min: -2, max: 2 }), fc.nat(3)).map(([dy, dx]) => ({ kind: 'shift', dy, dx }) as const),
  finite.map(degrees => ({ kind: 'rotate', degrees }) as const),
  fc.double({ min: 0.5, max: 2, noNaN: true }).map(factor => ({ kind: 'scale', factor }) as const),
)

const step = fc.record({
  op: fc.oneof({ weight: 4, arbitrary: fc.nat(15) }, { weight: 1, arbitrary: fc.constant(3) }),
  left: fc.nat(),
  right: fc.nat(),
  name: fc.option(fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.constant('layer1.0.conv1')), {
    nil: undefined,
  }),
  text: fc.oneof(fc.string({ minLength: 1 }), fc.constantFrom('a', 'b', '__proto__', 'constructor')),
  number: finite,
  transforms: fc.array(transform, { minLength: 1, maxLength: 3 }),
})

type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

const attributesOf = (s: Step): readonly [OpTag, number, unknown] => {
  const named = <T extends OpTag>(tag: T, operands: number, attributes: AttributesOf<T>) =>
    [tag, operands, attributes] as const
  switch (s.op) {
    case 0:
      return named('Input', 0, { name: s.text, type: mapType(4, 4, 2) })
    case 1:
      return named('Parameter', 0, { name: `${s.text}.filter`, shape: [1, 2, 2, 2] })
    case 2:
      return named('Conv2d', 2, { strides: one, dilations: one, padding: [one, [0, 1]], groups: 1 })
    case 3:
      return named('Branch', 1, { axis: s.text, transforms: s.transforms })
    case 4:
      return named('Reduce', 1, { reduction: 'geo' })
    case 5:
      return named('Combine', 2, { reduction: 'max', multiplicity: [1, 2] })
    case 6:
      return named('Unary', 1, { fn: 'hard-sigmoid', alpha: s.number, beta: 0 })
    case 7:
      return named('Binary', 2, { fn: 'maximum' })
    case 8:
      return named('MaxPool', 1, { size: one, strides: [1, 2], dilations: one, padding: zeroPads, ceil: true })
    case 9:
      return named('GlobalPool', 1, { reduction: 'mean' })
    case 10:
      return named('Act', 1, { element: elements[s.left % 8], axes: [0, 1] })
    case 11:
      return named('Pad', 1, { padding: [one, one], channels: [0, 0], value: s.number })
    case 12:
      return named('Rotate', 1, { degrees: s.number })
    case 13:
      return named('Softmax', 1, { log: true })
    case 14:
      return named('Parameter', 0, { name: `${s.text}.scalar`, shape: [] })
    default:
      return named('Concat', 2, { axis: 2 })
  }
}

/** Graphs of either dialect with every kind of attribute and with nasty names: a step that does not fit is left out. */
export const anyGraph: fc.Arbitrary<Graph> = fc
  .tuple(
    fc.constantFrom<Dialect>('flat', 'branched'),
    fc.array(step, { maxLength: 24, size: 'max' }),
    fc.array(fc.string()),
  )
  .map(([dialect, steps, outputs]) => {
    const d = draft(dialect)
    d.add('Input', [], { name: 'image', type: mapType(4, 4, 2) }, 'image')
    d.add('Parameter', [], { name: 'w', shape: [1, 2, 2, 2] })
    for (const s of steps) {
      const [tag, count, attributes] = attributesOf(s)
      const operands: readonly NodeId[] = [s.left, s.right].slice(0, count).map(k => k % d.nodes.length)
      const fits = inferNode(
        tag,
        attributes as never,
        operands.map(id => d.nodes[id]),
      )
      const foreign = dialect === 'flat' ? tag === 'Branch' || tag === 'Reduce' : tag === 'Combine'
      if (fits._tag === 'Right' && !foreign) d.add(tag, operands, attributes as never, s.name)
    }
    const plain = d.nodes.flatMap((node, id) => (node.variants.length === 0 ? [id] : []))
    return d.finish([...new Set(outputs)].map((name, k) => ({ name, node: plain[(7 * k) % plain.length] })))
  })

/** A chain of `length` nodes and a few sources. */
export const longGraph = (length: number): Graph => {
  const d = draft('flat')
  const w = d.add('Parameter', [], { name: 'w', shape: [3, 3, 4, 4] }, 'w')
  let x = d.add('Input', [], { name: 'image', type: mapType(8, 8, 4) })
  const attributes = { strides: one, dilations: one, padding: [one, one], groups: 1 } as const
  while (d.nodes.length < length) {
    const y = d.add('Conv2d', [x, w], attributes, `block${d.nodes.length}.conv`)
    x = d.add('Binary', [y, x], { fn: 'add' })
  }
  return d.finish([{ name: 'logits', node: x }])
}

/** Any attribute value there is, for mutations of JSON. */
export const hostile: readonly unknown[] = [
  null,
  true,
  -1,
  0,
  1.5,
  1e9,
  1e300,
  '',
  '__proto__',
  'constructor',
  [],
  {},
  [[[[]]]],
  sharedType([1e9, 1e9]),
]
