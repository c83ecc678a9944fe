import { describe, expect, it } from 'vitest'
import { type Builder, builder, mapType, type NodeId, printType } from '../../ir/index.ts'
import { featureMaps } from '../../passes/index.ts'

const window = (padding: number) =>
  [
    [padding, padding],
    [padding, padding],
  ] as const

/** The feature maps of what is built on an image of 8 × 8 × 4 and ends in two scores. */
const mapsOf = (build: (b: Builder, x: NodeId) => NodeId) => {
  const b = builder()
  const map = build(b, b.input('image', mapType(8, 8, 4)))
  const type = b.typeOf(map)
  const pooled = type.kind === 'Map' ? b.globalPool(map) : map
  return featureMaps(b.finish({ logits: b.dense(pooled, b.parameter('fc', [shape(b.typeOf(pooled)), 2])) }))
}

const shape = (type: ReturnType<Builder['typeOf']>): number => (type.kind === 'Vector' ? type.c : Number.NaN)

const conv = (
  b: Builder,
  x: NodeId,
  name: string,
  { size = 3, padding = Math.floor(size / 2), strides = 1 as number | readonly [number, number] } = {},
): NodeId => b.conv2d(x, b.parameter(`${name}.w`, [size, size, 4, 4]), { padding, strides, name })

const norm = (b: Builder, x: NodeId, name: string): NodeId =>
  b.batchNorm(x, ['s', 'o', 'm', 'v'].map(part => b.parameter(`${name}.${part}`, [4])) as never, 0.1, name)

const names = (maps: ReturnType<typeof featureMaps>): readonly string[] => maps.map(({ name }) => name)

describe('feature maps', () => {
  it('are the image and what each wide convolution makes', () => {
    const maps = mapsOf((b, x) => conv(b, conv(b, x, 'one', { strides: 2 }), 'two'))
    expect(
      maps.map(({ index, name, type, convolutionFollows }) => [index, name, printType(type), convolutionFollows]),
    ).toEqual([
      [0, 'image', 'Map[8,8,4]', true],
      [1, 'one', 'Map[4,4,4]', true],
      [2, 'two', 'Map[4,4,4]', false],
    ])
  })

  it('are followed by a convolution only if it covers more than a pixel', () => {
    const maps = mapsOf((b, x) =>
      conv(b, b.maxPool(conv(b, x, 'one'), 2, { strides: 2, name: 'pool' }), 'flat', { size: 1 }),
    )
    expect(maps.map(({ convolutionFollows }) => convolutionFollows)).toEqual([true, false, false])
    expect(mapsOf((_, x) => x)[0].convolutionFollows).toBe(false)
    expect(mapsOf((b, x) => b.maxPool(x, 2)).map(({ convolutionFollows }) => convolutionFollows)).toEqual([
      false,
      false,
    ])
    const tall = mapsOf((b, x) =>
      b.conv2d(b.maxPool(x, 2), b.parameter('w', [3, 1, 4, 4]), {
        padding: [
          [1, 1],
          [0, 0],
        ],
        name: 'tall',
      }),
    )
    expect(tall.map(({ convolutionFollows }) => convolutionFollows)).toEqual([true, true, false])
  })

  it('count attention in windows of several pixels as such a convolution', () => {
    const follows = (window: readonly [number, number]) =>
      mapsOf((b, x) => {
        const bias = b.parameter('bias', [2 * window[0] - 1, 2 * window[1] - 1, 2])
        const y = conv(b, x, 'one')
        return b.draft.add('WindowAttention', [y, y, y, bias], { scale: 1, partition: 'blocks' }, 'attended')
      }).map(({ name, convolutionFollows }) => [name, convolutionFollows])
    expect(follows([1, 2])).toEqual([
      ['image', true],
      ['one', true],
      ['attended', false],
    ])
    expect(follows([1, 1]).slice(0, 2)).toEqual([
      ['image', true],
      ['one', false],
    ])
  })

  it('stand at the last op that commutes with flips', () => {
    const same: readonly (readonly [string, (b: Builder, x: NodeId) => NodeId])[] = [
      ['activation', (b, x) => b.relu(x, 'last')],
      ['bias', (b, x) => b.add(x, b.parameter('bias', [4]), 'last')],
      ['normalization', (b, x) => norm(b, x, 'last')],
      ['convolution of one pixel', (b, x) => conv(b, x, 'last', { size: 1 })],
      ['channels', (b, x) => b.slice(x, 0, 4, 2, 'last')],
      ['more channels', (b, x) => b.slice(b.concat([x, x]), 0, 4, 2, 'last')],
      ['padded channels', (b, x) => b.slice(b.pad(x, window(0), { channels: [1, 1] }), 0, 4, 2, 'last')],
    ]
    for (const [, op] of same)
      expect(names(mapsOf((b, x) => conv(b, op(b, conv(b, x, 'one')), 'two')))).toEqual(['image', 'last', 'two'])
  })

  it('are others behind an op that moves or mixes pixels', () => {
    const others: readonly (readonly [string, (b: Builder, x: NodeId) => NodeId])[] = [
      ['padding', (b, x) => b.pad(x, window(1), { name: 'other' })],
      [
        'padding of one side',
        (b, x) =>
          b.pad(
            x,
            [
              [0, 0],
              [0, 1],
            ],
            { name: 'other' },
          ),
      ],
      ['pooling', (b, x) => b.maxPool(x, 3, { padding: 1, name: 'other' })],
      ['mean pooling', (b, x) => b.meanPool(x, 2, { name: 'other' })],
      ['resizing', (b, x) => b.resize(x, [4, 4], { name: 'other' })],
      ['a convolution of one pixel with strides', (b, x) => conv(b, x, 'other', { size: 1, strides: [1, 2] })],
      ['a padded convolution of one pixel', (b, x) => conv(b, x, 'other', { size: 1, padding: 1 })],
      [
        'a convolution of one pixel padded on one side',
        (b, x) =>
          b.conv2d(x, b.parameter('w', [1, 1, 4, 4]), {
            padding: [
              [0, 1],
              [0, 0],
            ],
            name: 'other',
          }),
      ],
      ['a convolution of one row, cropped', (b, x) => b.conv2d(x, b.parameter('w', [1, 3, 4, 4]), { name: 'other' })],
      [
        'a convolution of one row',
        (b, x) =>
          b.conv2d(x, b.parameter('w', [1, 3, 4, 4]), {
            padding: [
              [0, 0],
              [1, 1],
            ],
            name: 'other',
          }),
      ],
    ]
    for (const [what, op] of others)
      expect([what, ...names(mapsOf((b, x) => b.relu(op(b, b.relu(x, 'first')), 'last')))]).toEqual([
        what,
        'first',
        'last',
      ])
  })

  it('are none inside a residual block, whose sum is one', () => {
    const block = (b: Builder, x: NodeId) => b.relu(b.add(conv(b, b.relu(conv(b, x, 'inner')), 'deeper'), x), 'sum')
    expect(names(mapsOf((b, x) => conv(b, block(b, conv(b, x, 'stem')), 'after')))).toEqual([
      'image',
      'stem',
      'sum',
      'after',
    ])
  })

  it('are none where an edge leaps over, even from the image to the end', () => {
    const leaped = (b: Builder, x: NodeId) =>
      b.concat([b.maxPool(conv(b, conv(b, x, 'one'), 'two'), 2), b.maxPool(x, 2)])
    const maps = mapsOf((b, x) => b.slice(leaped(b, x), 0, 4, 2, 'end'))
    expect(names(maps)).toEqual(['image', 'end'])
  })

  it('are none beside another output', () => {
    const b = builder()
    const x = b.input('image', mapType(8, 8, 4))
    const y = conv(b, x, 'one')
    const z = conv(b, y, 'two')
    expect(names(featureMaps(b.finish({ y, z })))).toEqual(['image', 'one'])
  })

  it('end at global pooling, in whichever way it is written', () => {
    const head = (pool: (b: Builder, x: NodeId) => NodeId) =>
      names(mapsOf((b, x) => conv(b, pool(b, conv(b, x, 'one')), 'pooled', { size: 1 })))
    expect(head((b, x) => b.unflatten(b.globalPool(x)))).toEqual(['image', 'one'])
    expect(head((b, x) => b.meanPool(x, 8))).toEqual(['image', 'one'])
    expect(head((b, x) => b.maxPool(x, 8))).toEqual(['image', 'one'])
    // A pool that leaves a row or a column leaves a map.
    expect(head((b, x) => b.meanPool(x, [8, 1]))).toEqual(['image', 'one', 'pooled'])
    expect(head((b, x) => b.maxPool(x, [1, 8]))).toEqual(['image', 'one', 'pooled'])
    // A convolution that leaves one pixel is a map too.
    expect(head((b, x) => conv(b, x, 'last', { size: 8, padding: 0 }))).toEqual(['image', 'one', 'pooled'])
  })

  it('pooled inside a block, as a squeeze is, are no end', () => {
    const squeezed = (b: Builder, x: NodeId) =>
      b.multiply(x, b.unary('sigmoid', conv(b, b.unflatten(b.globalPool(x)), 'gate', { size: 1 })), 'gated')
    expect(names(mapsOf((b, x) => conv(b, squeezed(b, conv(b, x, 'one')), 'two')))).toContain('two')
  })

  it('are values of images: neither parameters nor what nothing reads', () => {
    const b = builder()
    const x = b.input('image', mapType(4, 4, 4))
    conv(b, x, 'dead')
    const w = b.act('flip', b.parameter('w', [3, 3, 4, 4]))
    const y = b.conv2d(x, w, { padding: 1 })
    expect(featureMaps(b.finish({ y })).map(({ node }) => node)).toEqual([x, y])
  })

  it('without a name are called by number', () => {
    const b = builder()
    const y = b.conv2d(b.input('image', mapType(4, 4, 4)), b.parameter('w', [3, 3, 4, 4]))
    expect(names(featureMaps(b.finish({ y })))).toEqual(['image', `%${y}`])
  })
})
