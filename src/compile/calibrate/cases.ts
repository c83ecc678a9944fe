import { builder, type Graph, mapType, type NodeId, vectorType } from '../../../ir/index.ts'

/** A graph of a few ops of one kind, and the batch it is timed at. */
export interface Case {
  readonly name: string
  readonly graph: Graph
  readonly batch: number
}

/** Enough ops of a kind in one graph that what a run costs by itself hardly counts. */
const copies = 4

const repeated = (build: (b: ReturnType<typeof builder>, k: number) => NodeId): Graph => {
  const b = builder()
  return b.finish(Object.fromEntries(Array.from({ length: copies }, (_, k) => [`y${k}`, build(b, k)])))
}

const onMap = (h: number, c: number, op: (b: ReturnType<typeof builder>, x: NodeId, k: number) => NodeId): Graph => {
  let x: NodeId | undefined
  return repeated((b, k) => {
    x ??= b.input('x', mapType(h, h, c))
    return op(b, x, k)
  })
}

const convolution = (h: number, i: number, o: number, size: number | readonly [number, number], strides = 1): Graph => {
  const [r, s] = typeof size === 'number' ? [size, size] : size
  return onMap(h, i, (b, x, k) => {
    const pads = [(r - 1) / 2, (s - 1) / 2]
    return b.conv2d(x, b.parameter(`w${k}`, [r, s, i, o]), {
      strides,
      padding: [
        [pads[0], pads[0]],
        [pads[1], pads[1]],
      ],
    })
  })
}

const depthwise = (h: number, c: number): Graph =>
  onMap(h, c, (b, x, k) => b.conv2d(x, b.parameter(`w${k}`, [3, 3, 1, c]), { padding: 1, groups: c }))

const dense = (i: number, o: number): Graph => {
  let x: NodeId | undefined
  return repeated((b, k) => {
    x ??= b.input('x', vectorType(i))
    return b.dense(x, b.parameter(`w${k}`, [i, o]))
  })
}

/** Four maps side by side on the batch axis, each taken off again: what stacking costs. */
const stacking = (h: number, c: number): Graph => {
  const b = builder('stacked')
  const x = b.input('x', mapType(h, h, c))
  const stack = b.draft.add('Stack', Array(copies).fill(x), {})
  return b.finish(
    Object.fromEntries(
      Array.from({ length: copies }, (_, index) => [
        `y${index}`,
        b.draft.add('Unstack', [stack], { index, count: copies }),
      ]),
    ),
  )
}

const light = {
  stack: stacking,
  relu: (h: number, c: number) => onMap(h, c, (b, x) => b.relu(x)),
  add: (h: number, c: number) => onMap(h, c, (b, x) => b.add(x, x)),
  bias: (h: number, c: number) => onMap(h, c, (b, x, k) => b.add(x, b.parameter(`w${k}`, [c]))),
  slice: (h: number, c: number) => onMap(h, c, (b, x) => b.slice(x, 0, c / 2)),
  concat: (h: number, c: number) => onMap(h, c, (b, x) => b.concat([x, x])),
  shift: (h: number, c: number) => onMap(h, c, (b, x) => b.transform({ kind: 'shift', dy: 0, dx: 1 }, x)),
  'max-pool': (h: number, c: number) => onMap(h, c, (b, x) => b.maxPool(x, 2, { strides: 2 })),
  'global-pool': (h: number, c: number) => onMap(h, c, (b, x) => b.globalPool(x)),
  flatten: (h: number, c: number) => onMap(h, c, (b, x) => b.flatten(x)),
} as const

/** Convolutions of the networks that people have: extent, inputs, outputs, filter, stride. */
const convolutions: readonly (readonly [number, number, number, number | readonly [number, number], number?])[] = [
  [32, 3, 16, 3],
  [32, 16, 16, 3],
  [32, 16, 32, 3],
  [16, 32, 32, 3],
  [16, 32, 64, 3],
  [8, 64, 64, 3],
  [8, 64, 128, 3],
  [8, 128, 64, [3, 1]],
  [8, 64, 64, [3, 1]],
  [56, 64, 64, 3],
  [28, 128, 128, 3],
  [14, 256, 256, 3],
  [7, 512, 512, 3],
  [7, 512, 1024, 3],
  [7, 1024, 512, [3, 1]],
  [7, 512, 512, [3, 1]],
  [56, 64, 128, 3, 2],
  [14, 256, 512, 1, 2],
  [8, 64, 64, 1],
  [14, 256, 256, 1],
]

const maps: readonly (readonly [number, number])[] = [
  [32, 16],
  [8, 64],
  [56, 64],
  [7, 512],
]

/** About how many numbers a case may hold: larger ones take long and teach nothing. */
const most = 8e6

/** A spread of shapes and batches of every kind of op. */
export const cases: readonly Case[] = [
  ...convolutions.flatMap(([h, i, o, size, stride]) =>
    [1, 8, 32, 128]
      .filter(batch => batch * h * h * Math.max(i, o) <= most)
      .map(batch => ({
        name: `${size} ${i}→${o} at ${h}${stride === undefined ? '' : ` stride ${stride}`}`,
        graph: convolution(h, i, o, size, stride),
        batch,
      })),
  ),
  ...[1, 8, 32].flatMap(batch =>
    maps.map(([h, c]) => ({ name: `depthwise ${c} at ${h}`, graph: depthwise(h, c), batch })),
  ),
  ...[1, 32, 128].flatMap(batch =>
    [
      [64, 100],
      [512, 1000],
      [2048, 1000],
    ].map(([i, o]) => ({ name: `dense ${i}→${o}`, graph: dense(i, o), batch })),
  ),
  ...(Object.keys(light) as (keyof typeof light)[]).flatMap(op =>
    [1, 32].flatMap(batch => maps.map(([h, c]) => ({ name: `${op} ${c} at ${h}`, graph: light[op](h, c), batch }))),
  ),
]
