import {
  type AttributesOf,
  actOnPair,
  actOnWindow,
  convolutionWindow,
  inverse,
  type MapType,
  type Pair,
  shapeOf,
  sizeOf,
} from '../../ir/index.ts'
import { act, any, type Computed, computed, type Match, make, op, type Rule, ref, same } from '../rule.ts'

const g = same('Act', 'g')
const actOn = (text: string, from: (m: Match) => AttributesOf<'Act'>): Computed<AttributesOf<'Act'>> =>
  computed(text, from)
const gInverse = actOn('g⁻¹', m => ({ element: inverse(m.element('g')), axes: [0, 1] }))

/** The extents of `g·x`, over which the window of the left side slides. */
const extentsOf = (m: Match): Pair => {
  const { h, w } = m.type('x') as MapType
  return actOnPair(m.element('g'), [h, w])
}

const mirroredConvolution = computed<AttributesOf<'Conv2d'>>('g⁻¹·conv', m => {
  const conv = m.attributes('Conv2d', 'conv')
  const { strides, dilations, padding } = actOnWindow(
    m.element('g'),
    convolutionWindow(shapeOf(m.type('w')), conv),
    extentsOf(m),
  )
  return { strides, dilations, padding, groups: conv.groups }
})

const mirroredPool = (tag: 'MaxPool' | 'MeanPool'): Computed<object> =>
  computed('g⁻¹·pool', m => {
    const pool: AttributesOf<'MaxPool'> = m.attributes(tag, 'pool')
    return { ...pool, ...actOnWindow(m.element('g'), pool, extentsOf(m)) }
  })

/** Rows of dense weights as the pixels and channels of the flattened map `g·x`, and which two of these axes are image axes. */
const rows = (m: Match): { readonly shape: readonly number[]; readonly axes: Pair } => {
  const { c } = m.type('x') as MapType
  const [h, w] = extentsOf(m)
  const outputs = shapeOf(m.type('w'))[1]
  return m.attributes('Flatten', 'order').order === 'hwc'
    ? { shape: [h, w, c, outputs], axes: [0, 1] }
    : { shape: [c, h, w, outputs], axes: [1, 2] }
}

const reshapeTo = (text: string, shape: (m: Match) => readonly number[]): Computed<AttributesOf<'Reshape'>> =>
  computed(text, m => ({ shape: shape(m) }))

/** Acts go into the weights of what sees them, and die where nothing does. */
export const fuseRules: readonly Rule[] = [
  {
    name: 'fuse-into-convolution',
    precision: 'exact',
    mode: 'both',
    lhs: op('Conv2d', 'conv', act('g', any('x')), any('w')),
    rhs: make('Act', g, make('Conv2d', mirroredConvolution, ref('x'), make('Act', gInverse, ref('w')))),
  },
  {
    name: 'sink-through-max-pool',
    precision: 'exact',
    mode: 'both',
    lhs: op('MaxPool', 'pool', act('g', any('x'))),
    rhs: make('Act', g, make('MaxPool', mirroredPool('MaxPool'), ref('x'))),
  },
  {
    name: 'sink-through-mean-pool',
    precision: 'rounding',
    mode: 'both',
    lhs: op('MeanPool', 'pool', act('g', any('x'))),
    rhs: make('Act', g, make('MeanPool', mirroredPool('MeanPool'), ref('x'))),
    when: computed('pool counts real pixels alone, or rounds down', m => {
      const { countPadding, ceil } = m.attributes('MeanPool', 'pool')
      return !countPadding || !ceil
    }),
  },
  {
    name: 'drop-before-global-pool',
    precision: 'exact',
    mode: 'both',
    lhs: op('GlobalPool', 'pool', act('g', any('x'))),
    rhs: make('GlobalPool', same('GlobalPool', 'pool'), ref('x')),
  },
  {
    name: 'fuse-into-dense',
    precision: 'exact',
    mode: 'both',
    lhs: op('Dense', '', op('Flatten', 'order', act('g', any('x'))), any('w')),
    rhs: make(
      'Dense',
      computed<object>('', () => ({})),
      make('Flatten', same('Flatten', 'order'), ref('x')),
      make(
        'Reshape',
        reshapeTo('rows', m => [sizeOf(shapeOf(m.type('x'))), shapeOf(m.type('w'))[1]]),
        make(
          'Act',
          actOn('g⁻¹', m => ({ element: inverse(m.element('g')), axes: rows(m).axes })),
          make(
            'Reshape',
            reshapeTo('pixels', m => rows(m).shape),
            ref('w'),
          ),
        ),
      ),
    ),
  },
]
