import {
  actOnPair,
  type Graph,
  type MapType,
  motionOf,
  type Node,
  outputExtents,
  type Pair,
  shapeOf,
  type Type,
  useCounts,
  variantsOf,
  type Window,
} from '../../ir/index.ts'

/** What has broken padding, layout and sharing before, here and elsewhere; found in any generated graph. */
export const networkCases = [
  'even extent with stride 2',
  '1×1 filter with stride 2',
  'uneven pads',
  'negative pads',
  'extent of 1',
  'ceil mode that changes an extent',
  'mean over padding',
  'mean over real pixels at a pad',
  'grouped',
  'depthwise',
  'depthwise with multiplier',
  'dilation',
  'strides that differ by axis',
  'filter of even extent',
  'not square',
  'shared node',
  'parameter read twice',
  'computed filter',
  'crop',
  'padded channels',
  'padding other than 0',
  'concat of channels',
  'slice of channels',
  'resize',
  'map stretched to a map',
  'positions in a shared operand',
  'flattened by channels',
] as const

/** Found where transforms are: in flat graphs that have them, and in branches. */
export const transformCases = [
  'flip',
  'quarter turn on a square',
  'quarter turn off a square',
  'transform of an extent of 1',
  'shift',
  'rotate',
  'scale',
] as const

/** Found in branched graphs. */
export const branchCases = [
  'branch',
  'several branches',
  'more than two variants of a branch',
  'equal variants of a branch',
  'operands with different axes',
] as const

export type NastyCase = (typeof networkCases)[number] | (typeof transformCases)[number] | (typeof branchCases)[number]

const windowOf = (node: Node, operands: readonly Type[]): Window | null => {
  switch (node.tag) {
    case 'Conv2d': {
      const [r, s] = shapeOf(operands[1])
      return { ...node.attributes, size: [r, s], ceil: false }
    }
    case 'MaxPool':
    case 'MeanPool':
      return node.attributes
    default:
      return null
  }
}

const windowCases = (w: Window, { h, w: width }: MapType): readonly NastyCase[] => {
  const extents: Pair = [h, width]
  const axes = [0, 1] as const
  const floored = outputExtents(extents, { ...w, ceil: false })
  const found: readonly (readonly [boolean, NastyCase])[] = [
    [axes.some(k => extents[k] % 2 === 0 && w.strides[k] === 2), 'even extent with stride 2'],
    [axes.some(k => w.padding[k][0] !== w.padding[k][1]), 'uneven pads'],
    [w.padding.flat().some(pad => pad < 0), 'negative pads'],
    [extents.includes(1), 'extent of 1'],
    [outputExtents(extents, w).some((n, k) => n !== floored[k]), 'ceil mode that changes an extent'],
    [axes.some(k => w.dilations[k] > 1 && w.size[k] > 1), 'dilation'],
    [w.strides[0] !== w.strides[1], 'strides that differ by axis'],
    [h !== width, 'not square'],
  ]
  return found.filter(([here]) => here).map(([, name]) => name)
}

const transformedCases = (node: Node, operands: readonly Type[]): readonly NastyCase[] => {
  const [input] = operands
  if (input?.kind !== 'Map') return []
  const transforms =
    node.tag === 'Branch'
      ? node.attributes.transforms
      : node.tag === 'Act'
        ? [{ kind: 'd4' as const, element: node.attributes.element }]
        : node.tag === 'Shift' || node.tag === 'Rotate' || node.tag === 'Scale'
          ? [{ kind: node.tag.toLowerCase() as 'shift' | 'rotate' | 'scale' }]
          : []
  return transforms
    .filter(transform => transform.kind !== 'd4' || transform.element !== 'id')
    .flatMap((transform): readonly NastyCase[] => {
      const one: readonly NastyCase[] = input.h === 1 || input.w === 1 ? ['transform of an extent of 1'] : []
      if (transform.kind !== 'd4') return [...one, transform.kind]
      if (!motionOf(transform.element).swap) return [...one, 'flip']
      const [h] = actOnPair(transform.element, [input.h, input.w])
      return [...one, h === input.h ? 'quarter turn on a square' : 'quarter turn off a square']
    })
}

const opCases = (node: Node, operands: readonly Node[]): readonly NastyCase[] => {
  const types = operands.map(operand => operand.type)
  switch (node.tag) {
    case 'Conv2d': {
      const [r, s, , o] = shapeOf(types[1])
      const { groups, strides } = node.attributes
      const { c } = types[0] as MapType
      return [
        ...(r === 1 && s === 1 && strides.includes(2) ? (['1×1 filter with stride 2'] as const) : []),
        ...(groups > 1 && groups < c ? (['grouped'] as const) : []),
        ...(groups > 1 && groups === c ? (['depthwise'] as const) : []),
        ...(groups > 1 && groups === c && o > c ? (['depthwise with multiplier'] as const) : []),
        ...(r % 2 === 0 || s % 2 === 0 ? (['filter of even extent'] as const) : []),
        ...(operands[1].tag === 'Parameter' ? [] : (['computed filter'] as const)),
      ]
    }
    case 'MeanPool': {
      const padded = node.attributes.padding.flat().some(pad => pad > 0)
      return padded ? [node.attributes.countPadding ? 'mean over padding' : 'mean over real pixels at a pad'] : []
    }
    case 'Pad': {
      const { padding, channels, value } = node.attributes
      return [
        ...(padding.flat().some(pad => pad < 0) ? (['crop'] as const) : []),
        ...(channels.some(pad => pad > 0) ? (['padded channels'] as const) : []),
        ...(value !== 0 && padding.flat().some(pad => pad > 0) ? (['padding other than 0'] as const) : []),
      ]
    }
    case 'Concat':
      return node.type.kind === 'Map' ? ['concat of channels'] : []
    case 'Slice':
      return node.type.kind === 'Map' ? ['slice of channels'] : []
    case 'Resize':
      return ['resize']
    case 'Flatten':
      return node.attributes.order === 'chw' ? ['flattened by channels'] : []
    case 'Binary': {
      const [a, b] = types
      const spread = a.kind === 'Map' && b.kind === 'Map' && (a.h !== b.h || a.w !== b.w || a.c !== b.c)
      const placed = (x: Type, y: Type): boolean =>
        x.kind === 'Map' && y.kind === 'Shared' && y.shape.slice(0, -1).some(extent => extent > 1)
      return [
        ...(spread ? (['map stretched to a map'] as const) : []),
        ...(placed(a, b) || placed(b, a) ? (['positions in a shared operand'] as const) : []),
      ]
    }
    case 'Branch': {
      const { transforms } = node.attributes
      const distinct = new Set(transforms.map(transform => JSON.stringify(transform)))
      return [
        'branch',
        ...(transforms.length > 2 ? (['more than two variants of a branch'] as const) : []),
        ...(distinct.size < transforms.length ? (['equal variants of a branch'] as const) : []),
      ]
    }
    default:
      return []
  }
}

/** The nasty cases that a graph has, each once. */
export const casesOf = (graph: Graph): ReadonlySet<NastyCase> => {
  const uses = useCounts(graph)
  const found = graph.nodes.flatMap((node, id): readonly NastyCase[] => {
    const operands = node.operands.map(operand => graph.nodes[operand])
    const types = operands.map(operand => operand.type)
    const window = windowOf(node, types)
    const axes = operands.filter(o => o.type.kind !== 'Shared').map(o => variantsOf(o))
    return [
      ...(window === null ? [] : windowCases(window, types[0] as MapType)),
      ...transformedCases(node, types),
      ...opCases(node, operands),
      ...(uses[id] > 1 && node.tag === 'Parameter' ? (['parameter read twice'] as const) : []),
      ...(uses[id] > 1 && node.type.kind !== 'Shared' ? (['shared node'] as const) : []),
      ...(new Set(axes).size > 1 ? (['operands with different axes'] as const) : []),
    ]
  })
  const branches = graph.nodes.filter(node => node.tag === 'Branch').length
  return new Set(branches > 1 ? [...found, 'several branches'] : found)
}

/** Counts, over the graphs of a suite, how many had each nasty case. */
export interface Coverage {
  readonly add: (graph: Graph) => void
  readonly count: (name: NastyCase) => number
  /** @throws Error with a table of all counts where one of the cases came up in fewer than `minimum` graphs. */
  readonly expectCovered: (minimum: number, cases?: readonly NastyCase[]) => void
}

export const coverage = (): Coverage => {
  const counts = new Map<NastyCase, number>()
  let graphs = 0
  const count = (name: NastyCase): number => counts.get(name) ?? 0
  return {
    add: graph => {
      graphs++
      for (const name of casesOf(graph)) counts.set(name, count(name) + 1)
    },
    count,
    expectCovered: (minimum, cases = networkCases) => {
      const rare = cases.filter(name => count(name) < minimum)
      if (rare.length === 0) return
      const table = cases.map(name => `${String(count(name)).padStart(6)} ${count(name) < minimum ? '<' : ' '} ${name}`)
      throw new Error(
        `${rare.length} of ${cases.length} cases came up in fewer than ${minimum} of ${graphs} graphs:\n${table.join('\n')}`,
      )
    },
  }
}
