import { list, type ModelSpec, type NodeSpec, node, numbers, scalar } from './model.ts'

const image = { input: ['n', 3, 8, 8] } as const
const tail = [node('GlobalAveragePool', 'z', 'g'), node('Flatten', 'g', 'y')]

/** What of a file asks for more than it can hold, and what is said of it. */
export const asking: readonly (readonly [name: string, says: string, model: ModelSpec])[] = [
  [
    'many broadcast constants',
    'a constant of shape [1,3,512,512]',
    {
      ...image,
      floats: { one: scalar(1) },
      ints: { s: list(1, 3, 512, 512) },
      nodes: [
        ...Array.from({ length: 300 }, (_, k) => node('Expand', 'one s', `k${k}`)),
        { op: 'Sum', in: ['x', ...Array.from({ length: 300 }, (_, k) => `k${k}`)], out: ['z'] },
        ...tail,
      ],
    },
  ],
  [
    'a product of constants',
    'a constant of shape [4096,4096]',
    {
      ...image,
      ints: { s: list(4096, 1), r: list(1, 4096) },
      nodes: [
        node('ConstantOfShape', 's', 'a'),
        node('ConstantOfShape', 'r', 'b'),
        node('MatMul', 'a b', 'c'),
        node('MatMul', 'c c', 'd'),
        node('ReduceSum', 'd', 'k'),
        node('Mul', 'x k', 'z'),
        ...tail,
      ],
    },
  ],
  ...(
    [
      ['Tile', [node('Tile', 'one huge', 'k')]],
      ['Range', [node('Range', 'zero far step', 'k')]],
      ['OneHot', [node('OneHot', 'at far pair', 'k')]],
      ['Pad', [node('Pad', 'one pads', 'k')]],
      ['ConstantOfShape', [node('ConstantOfShape', 'huge', 'k')]],
      ['an overflowing product of extents', [node('ConstantOfShape', 'wide', 'k')]],
      [
        'copies of copies',
        ['Tile', 'Tile'].map((op, k) => node(op, `${k === 0 ? 'one' : 'k0'} big`, k === 0 ? 'k0' : 'k')),
      ],
    ] as const
  ).map(([name, nodes]): readonly [string, string, ModelSpec] => [
    name,
    'values at import; expected',
    {
      ...image,
      floats: { one: list(1), pair: list(0, 1) },
      ints: {
        huge: list(1e12),
        big: list(1e6),
        wide: list(2 ** 40, 2 ** 40),
        zero: scalar(0),
        far: scalar(1e12),
        step: scalar(1),
        at: list(0, 1),
        pads: list(1e12, 0),
      },
      nodes: [
        ...nodes,
        node('Cast', 'k', 'f', { to: 1 }),
        node('ReduceMax', 'f', 'm'),
        node('Mul', 'x m', 'z'),
        ...tail,
      ],
    },
  ]),
  [
    'a negative extent',
    'a constant of shape [-3]; expected whole numbers',
    {
      ...image,
      ints: { s: list(-3) },
      nodes: [node('ConstantOfShape', 's', 'k'), node('ReduceMax', 'k', 'm'), node('Mul', 'x m', 'z'), ...tail],
    },
  ],
  ...[2 ** 31 - 1, 2 ** 53, 1e15].map((variants): readonly [string, string, ModelSpec] => [
    `${variants} variants`,
    'under shape',
    {
      ...image,
      ints: { shape: list(variants, -1, 3), first: list(0) },
      opset: 18,
      nodes: [
        node('GlobalAveragePool', 'x', 'g'),
        node('Flatten', 'g', 'f'),
        node('Reshape', 'f shape', 'v'),
        node('ReduceMean', 'v first', 'y', { keepdims: 0 }),
      ],
    },
  ]),
  [
    'a constant of many axes',
    'a constant of 5000 axes; expected at most 64',
    {
      ...image,
      ints: { s: list(...Array.from({ length: 5000 }, () => 1)) },
      nodes: [node('ConstantOfShape', 's', 'k'), node('ReduceMax', 'k', 'm'), node('Mul', 'x m', 'z'), ...tail],
    },
  ],
  [
    'a value of many axes',
    'a value of 5004 axes; expected at most 64',
    {
      ...image,
      ints: { s: list(...Array.from({ length: 5000 }, (_, k) => k + 2)) },
      nodes: [node('Unsqueeze', 'x s', 'u'), node('Squeeze', 'u s', 'z'), ...tail],
    },
  ],
  [
    'pads of a convolution',
    'expected',
    {
      ...image,
      floats: { w: numbers([1, 3, 1, 1]) },
      nodes: [node('Conv', 'x w', 'z', { pads: [1e6, 1e6, 1e6, 1e6] }), ...tail],
    },
  ],
  [
    'strides of a convolution',
    'expected',
    {
      ...image,
      floats: { w: numbers([1, 3, 1, 1]) },
      nodes: [node('Conv', 'x w', 'z', { strides: [2 ** 40, 1] }), ...tail],
    },
  ],
  [
    'dilations of a convolution',
    'expected',
    {
      ...image,
      floats: { w: numbers([1, 3, 2, 2]) },
      nodes: [node('Conv', 'x w', 'z', { dilations: [2 ** 40, 1] }), ...tail],
    },
  ],
  [
    'a pooling window',
    'expected',
    { ...image, nodes: [node('MaxPool', 'x', 'z', { kernel_shape: [1e9, 1e9], pads: [5e8, 5e8, 5e8, 5e8] }), ...tail] },
  ],
  [
    'a channel of channels',
    'expected',
    {
      input: ['n', 2 ** 30, 1, 1],
      ints: { s: list(0, 2, 2 ** 29, 1, 1), t: list(0, -1, 1, 1) },
      nodes: [
        node('Reshape', 'x s', 'a'),
        node('Transpose', 'a', 'b', { perm: [0, 2, 1, 3, 4] }),
        node('Reshape', 'b t', 'z'),
        ...tail,
      ],
    },
  ],
]

/** A chain of so many links. */
export const chain = (op: (from: string, to: string, k: number) => readonly NodeSpec[], length: number): ModelSpec => ({
  ...image,
  floats: { one: scalar(1), w: numbers([3, 3, 1, 1]) },
  ints: { pads: list(0, 0, 0, 0, 0, 0, 0, 0) },
  nodes: [
    ...Array.from({ length }, (_, k) => op(k === 0 ? 'x' : `v${k}`, k === length - 1 ? 'z' : `v${k + 1}`, k)).flat(),
    ...tail,
  ],
})

/** Links of chains. */
export const links: readonly (readonly [name: string, link: Parameters<typeof chain>[0]])[] = [
  ['Relu', (from: string, to: string) => [node('Relu', from, to)]],
  ['Identity', (from: string, to: string) => [node('Identity', from, to)]],
  ['Conv', (from: string, to: string) => [node('Conv', `${from} w`, to)]],
  ['swish', (from: string, to: string) => [node('Sigmoid', from, `${to}s`), node('Mul', `${from} ${to}s`, to)]],
  [
    'constants',
    (from: string, to: string, k: number) => [node('Add', 'one one', `c${k}`), node('Add', `${from} c${k}`, to)],
  ],
  ['crops', (from: string, to: string) => [node('Pad', `${from} pads`, to)]],
]
