import { isDeepStrictEqual } from 'node:util'
import {
  type AttributesOf,
  actOnPair,
  actOnTensor,
  type Element,
  type Graph,
  inverse,
  isFixed,
  type Node,
  type NodeId,
  type Pair,
  printType,
  shapeOf,
  type Window,
} from '../../ir/index.ts'
import { dropActsFixedBy } from '../../passes/drop-symmetric-acts.ts'
import {
  act,
  allRules,
  any,
  type Computed,
  computed,
  graphPass,
  type Match,
  make,
  makeFrom,
  op,
  type Pass,
  type Rule,
  ref,
  rewrite,
  upTo,
} from '../../passes/index.ts'
import { unrollVariants } from '../../passes/unroll.ts'
import { same } from './same.ts'

/** The rule of that name with something changed. */
const wrong = (name: string, change: Partial<Rule>): Rule => {
  const rule = allRules.find(known => known.name === name)
  if (rule === undefined) throw new Error(`no rule ${name}`)
  return { ...rule, ...change }
}

/** The rule without its side condition. */
const unconditional = (name: string): Rule => {
  const { when: _, ...rule } = wrong(name, {})
  return rule
}

const g = same('Act', 'g')
const elementOf = (m: Match): Element => g.from(m).element
const swapped = ([rows, columns]: readonly [Pair, Pair]): readonly [Pair, Pair] => [
  [rows[1], rows[0]],
  [columns[1], columns[0]],
]
/** A convolution of x whose filter and window a law might wrongly have. */
const convolution = (
  filter: (m: Match) => Element,
  window: (conv: AttributesOf<'Conv2d'>, m: Match) => Partial<AttributesOf<'Conv2d'>>,
) =>
  make(
    'Act',
    g,
    make(
      'Conv2d',
      computed('conv′', m => {
        const conv = m.attributes('Conv2d', 'conv')
        return { ...conv, ...window(conv, m) }
      }),
      ref('x'),
      make(
        'Act',
        computed<AttributesOf<'Act'>>('filter', m => ({ element: filter(m), axes: [0, 1] })),
        ref('filter'),
      ),
    ),
  )

/** Attention in windows whose keys, values and biases a law might turn wrongly. */
const windows = (keys: (m: Match) => Element, values: (m: Match) => Element, bias: (m: Match) => Element) => {
  const turned = (element: (m: Match) => Element, of: string) =>
    make(
      'Act',
      computed<AttributesOf<'Act'>>(of, m => ({ element: element(m), axes: [0, 1] })),
      ref(of),
    )
  return make(
    'Act',
    g,
    make(
      'WindowAttention',
      same('WindowAttention', 'attention'),
      ref('x'),
      turned(keys, 'keys'),
      turned(values, 'values'),
      turned(bias, 'bias'),
    ),
  )
}
const turnedBack = (m: Match): Element => inverse(elementOf(m))
const unturned = (): Element => 'id'

const right = (name: string, tag: 'Conv2d' | 'MaxPool', bound: string): Computed<unknown> => {
  const { rhs } = wrong(name, {})
  if (rhs.kind !== 'op' || !Array.isArray(rhs.operands)) throw new Error(`rule ${name} has another form`)
  const inner = rhs.operands[0]
  if (inner.tag !== tag) throw new Error(`rule ${name} has no ${tag} ${bound}`)
  return inner.attributes
}

const mirroredWindow = (m: Match): AttributesOf<'Conv2d'> =>
  right('fuse-into-convolution', 'Conv2d', 'conv').from(m) as AttributesOf<'Conv2d'>

const pool = (window: (pool: AttributesOf<'MaxPool'>, m: Match) => Partial<Window>) =>
  make(
    'Act',
    g,
    make(
      'MaxPool',
      computed('pool′', m => {
        const own = m.attributes('MaxPool', 'pool')
        return { ...own, ...window(own, m) }
      }),
      ref('x'),
    ),
  )

const distinct = (m: Match): readonly NodeId[] => [...new Set(m.nodes('xs'))]

/** Laws as somebody might get them wrong. */
export const wrongRules: readonly (readonly [mistake: string, rule: Rule])[] = [
  [
    'pads of a flipped convolution are swapped instead of mirrored',
    wrong('fuse-into-convolution', {
      rhs: convolution(
        m => inverse(elementOf(m)),
        (conv, m) => ({ ...mirroredWindow(m), padding: swapped(conv.padding) }),
      ),
    }),
  ],
  [
    'the filter is acted on by g instead of its inverse',
    wrong('fuse-into-convolution', {
      rhs: convolution(
        m => elementOf(m),
        (_, m) => mirroredWindow(m),
      ),
    }),
  ],
  [
    'the filter is forgotten',
    wrong('fuse-into-convolution', {
      rhs: convolution(
        () => 'id',
        (_, m) => mirroredWindow(m),
      ),
    }),
  ],
  [
    'strides are not turned',
    wrong('fuse-into-convolution', {
      rhs: convolution(
        m => inverse(elementOf(m)),
        (conv, m) => ({ ...mirroredWindow(m), strides: conv.strides }),
      ),
    }),
  ],
  [
    'dilations are not turned',
    wrong('fuse-into-convolution', {
      rhs: convolution(
        m => inverse(elementOf(m)),
        (conv, m) => ({ ...mirroredWindow(m), dilations: conv.dilations }),
      ),
    }),
  ],
  [
    'a pool keeps its pads',
    wrong('sink-through-max-pool', {
      rhs: pool((own, m) => ({
        ...(right('sink-through-max-pool', 'MaxPool', 'pool').from(m) as Window),
        padding: actOnPair(elementOf(m), own.padding),
      })),
    }),
  ],
  [
    'a pool in ceil mode stays in it, with pads swapped',
    wrong('sink-through-max-pool', {
      rhs: pool((own, m) => {
        const mirrored = right('sink-through-max-pool', 'MaxPool', 'pool').from(m) as Window
        return own.ceil ? { ...mirrored, padding: actOnPair(elementOf(m), swapped(own.padding)), ceil: true } : mirrored
      }),
    }),
  ],
  ['the ceil-mode condition of mean pools is dropped', unconditional('sink-through-mean-pool')],
  [
    'biases of attention in windows are not mirrored',
    wrong('sink-through-windows', { rhs: windows(turnedBack, turnedBack, unturned) }),
  ],
  [
    'biases of attention in windows are turned the other way',
    wrong('sink-through-windows', { rhs: windows(turnedBack, turnedBack, elementOf) }),
  ],
  [
    'keys of attention in windows are not turned back',
    wrong('sink-through-windows', { rhs: windows(unturned, turnedBack, turnedBack) }),
  ],
  [
    'values of attention in windows are not turned back',
    wrong('sink-through-windows', { rhs: windows(turnedBack, unturned, turnedBack) }),
  ],
  ['any resize is symmetric', unconditional('sink-through-resize')],
  [
    'aligned corners are symmetric to one pixel too',
    wrong('sink-through-resize', {
      when: computed('r is linear with aligned corners', m => {
        const { method, coordinates } = m.attributes('Resize', 'r')
        return method === 'linear' && coordinates === 'align-corners'
      }),
    }),
  ],
  [
    'equal variants are merged without their multiplicity',
    wrong('merge-equal-variants', {
      rhs: makeFrom(
        'Combine',
        computed<AttributesOf<'Combine'>>('ones', m => ({
          ...m.attributes('Combine', 'reduce'),
          multiplicity: distinct(m).map(() => 1),
        })),
        computed('distinct xs', distinct),
      ),
    }),
  ],
  ['one variant is its own score under any reduction', unconditional('drop-mean-of-one')],
  [
    "a shortcut's flip is forgotten: what is added to a flipped map is not flipped back",
    unconditional('sink-past-fixed-right'),
  ],
  [
    'a parameter beside an act is turned the same way',
    wrong('sink-past-shared-right', {
      rhs: make('Act', g, make('Binary', same('Binary', '⊕'), ref('x'), make('Act', g, ref('y')))),
    }),
  ],
  [
    'acts on two operands need not be the same',
    wrong('sink-through-binary', {
      lhs: op('Binary', '⊕', act('g', any('x')), act('h', any('y'))),
    }),
  ],
  [
    'acts compose in the other order',
    wrong('compose', {
      lhs: act('h', act('g', any('x'))),
    }),
  ],
  [
    'a flip does nothing where either extent is 1',
    wrong('drop-flip-of-extent-one', {
      rhs: ref('x'),
      when: computed('an extent is 1, and g keeps the axes', m => {
        const shape = shapeOf(m.type('x'))
        const { axes, element } = m.attributes('Act', 'g')
        return ['flip', 'flipv', 'rot180'].includes(element) && axes.some(axis => shape[axis] === 1)
      }),
    }),
  ],
  ['any transposition swaps rows and columns', unconditional('transpose-is-an-act')],
  ['channels may be cut after an act on them', unconditional('sink-through-slice')],
  [
    'pads stay where they are under a flip',
    wrong('sink-through-pad', { rhs: make('Act', g, make('Pad', same('Pad', 'p'), ref('x'))) }),
  ],
  [
    'a flip does not turn a shift round',
    wrong('sink-through-shift', { rhs: make('Act', g, make('Shift', same('Shift', 'd'), ref('x'))) }),
  ],
  [
    'a flip does not turn a rotation round',
    wrong('sink-through-rotate', { rhs: make('Act', g, make('Rotate', same('Rotate', 'θ'), ref('x'))) }),
  ],
  [
    'the rows of dense weights stay where they are',
    wrong('fuse-into-dense', {
      rhs: make(
        'Dense',
        computed('', () => ({})),
        make('Flatten', same('Flatten', 'order'), ref('x')),
        ref('w'),
      ),
    }),
  ],
  [
    'a folded batch norm forgets its mean',
    wrong('fold-into-dense', {
      rhs: make(
        'Dense',
        same('Dense', 'dense'),
        ref('x'),
        make(
          'Binary',
          computed('multiply', () => ({ fn: 'multiply' })),
          ref('w'),
          ref('γ'),
        ),
      ),
    }),
  ],
  [
    'an act vanishes before it is inverted',
    wrong('sink-through-unary', { rhs: make('Unary', same('Unary', 'f'), ref('x')) }),
  ],
  [
    'quarter turns turn nothing',
    wrong('drop-identity', {
      when: computed('g is a quarter turn', m => ['rot90', 'rot270'].includes(elementOf(m))),
    }),
  ],
]

/** Every other node that computes the same as an earlier one but for its attributes is replaced by that one. */
const shareByOperands = (graph: Graph): Graph => {
  const known = new Map<string, NodeId>()
  const renamed: NodeId[] = []
  const nodes = graph.nodes.map((node, id) => {
    const operands = node.operands.map(operand => renamed[operand])
    const key = `${node.tag} ${operands} ${printType(node.type)}`
    renamed[id] = operands.length > 0 ? (known.get(key) ?? id) : id
    known.set(key, renamed[id])
    return { ...node, operands } as Node
  })
  return { ...graph, nodes, outputs: graph.outputs.map(output => ({ ...output, node: renamed[output.node] })) }
}

/** Every branch gives its first variant over and over. */
const unbranched = (graph: Graph): Graph => ({
  ...graph,
  nodes: graph.nodes.map(node =>
    node.tag === 'Branch'
      ? {
          ...node,
          attributes: {
            ...node.attributes,
            transforms: node.attributes.transforms.map(() => node.attributes.transforms[0]),
          },
        }
      : node,
  ),
})

const changed = (name: string, change: (graph: Graph) => Graph): Pass =>
  graphPass(name, graph => ({ graph: change(graph), rewrites: {} }))

/** Passes as somebody might get them wrong. */
export const wrongPasses: readonly (readonly [mistake: string, pass: Pass])[] = [
  ['nodes are shared whatever their attributes', changed('share-prefix', shareByOperands)],
  ['every variant is the first', changed('unroll', graph => unrollVariants(unbranched(graph)))],
  ['an output is lost', changed('remove-dead-nodes', graph => ({ ...graph, outputs: graph.outputs.slice(1) }))],
  [
    'only one of several rewritings is done',
    changed('sink-transforms', graph => rewrite(graph, allRules, upTo(1)).graph),
  ],
  ['a filter is compared with its flip the other way', dropActsFixedBy((g, value, y, x) => isFixed(g, value, x, y))],
  [
    'only the first taps of a filter are compared',
    dropActsFixedBy((g, value, y, x) => {
      const { shape, data } = actOnTensor(g, value, y, x)
      const few = shape.slice(-2).reduce((a, b) => a * b, 1)
      return isDeepStrictEqual(shape, value.shape) && data.subarray(0, few).every((a, i) => a === value.data[i])
    }),
  ],
  [
    'a filter and its image hold the same numbers somewhere',
    dropActsFixedBy((g, value, y, x) => {
      const { shape, data } = actOnTensor(g, value, y, x)
      return isDeepStrictEqual(shape, value.shape) && isDeepStrictEqual([...data].sort(), [...value.data].sort())
    }),
  ],
  ['every filter is symmetric', dropActsFixedBy((_, { shape }, y, x) => shape[y] === shape[x])],
  [
    'outputs are named anew',
    changed('merge-variants', graph => ({ ...graph, outputs: graph.outputs.map(o => ({ ...o, name: `${o.name}2` })) })),
  ],
]
