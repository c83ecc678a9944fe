import { describe, expect, it } from 'vitest'
import { type Builder, builder, type Graph, mapType, type NodeId, printType } from '../../ir/index.ts'
import { branchPlaces, printPlace } from '../../passes/index.ts'

const conv = (b: Builder, x: NodeId, name: string, { size = 3, strides = 1, from = 4 } = {}): NodeId =>
  b.conv2d(x, b.parameter(`${name}.w`, [size, size, from, 4]), { padding: Math.floor(size / 2), strides, name })

const pool = (b: Builder, x: NodeId, name: string): NodeId => b.maxPool(x, 2, { strides: 2, name })

/** Down and up again, the skip as it is or through a convolution that may come late. */
const unet = (lateSkip = false): Graph => {
  const b = builder()
  const a = conv(b, b.input('image', mapType(8, 8, 4)), 'a')
  const skip = lateSkip ? undefined : conv(b, a, 'skip')
  const low = b.relu(conv(b, pool(b, a, 'down'), 'low'), 'low relu')
  const up = b.resize(low, [8, 8], { name: 'up' })
  const joined = b.relu(b.concat([up, skip ?? conv(b, a, 'skip')]), 'joined')
  return b.finish({ map: conv(b, joined, 'end', { size: 1, from: 8 }) })
}

const places = (graph: Graph) =>
  branchPlaces(graph).map(place => [
    printPlace(place),
    place.name,
    place.values.map(id => printType(graph.nodes[id].type)).join(' '),
  ])

const classified = (build: (b: Builder, x: NodeId) => NodeId): Graph => {
  const b = builder()
  const x = conv(b, b.input('image', mapType(8, 8, 4)), 'one')
  return b.finish({ logits: b.globalPool(conv(b, build(b, x), 'last')) })
}

describe('places', () => {
  it('of a U-Net are its few maps and all that is alive between them', () => {
    expect(places(unet())).toEqual([
      ['0', 'image', 'Map[8,8,4]'],
      ['1', 'a', 'Map[8,8,4]'],
      ['1.1', 'skip + down', 'Map[8,8,4] Map[4,4,4]'],
      ['1.2', 'skip + low relu', 'Map[8,8,4] Map[4,4,4]'],
      ['2', 'end', 'Map[8,8,4]'],
    ])
  })

  it('do not depend on the order of the nodes', () => {
    const sorted = (graph: Graph) =>
      branchPlaces(graph).map(place => [printPlace(place), place.name.split(' + ').sort().join(' + ')])
    expect(sorted(unet(true))).toEqual(sorted(unet()))
  })

  it('inside a residual block are cuts, which names of plans do not count', () => {
    const graph = classified((b, x) => b.add(conv(b, b.relu(conv(b, x, 'in'), 'relu'), 'deep'), x, 'sum'))
    expect(branchPlaces(graph).map(place => [printPlace(place), place.name, place.counted])).toEqual([
      ['0', 'image', false],
      ['1', 'one', true],
      ['1.1', 'one + relu', false],
      ['2', 'sum', true],
      ['3', 'last', false],
    ])
  })

  it('are counted by names of plans where the network goes down and up again, and a wide convolution follows', () => {
    expect(branchPlaces(unet()).map(place => [printPlace(place), place.counted])).toEqual([
      ['0', false],
      ['1', true],
      ['1.1', true],
      ['1.2', false],
      ['2', false],
    ])
  })

  it('leave what comes out of global pooling as it is', () => {
    const gated = (b: Builder, x: NodeId) =>
      b.multiply(conv(b, x, 'wide'), b.unary('sigmoid', conv(b, b.unflatten(b.globalPool(x)), 'gate', { size: 1 })))
    const graph = classified(gated)
    const cut = branchPlaces(graph).find(place => place.cut !== undefined)
    // A product moves with its map: nothing but the map itself lies between two feature maps.
    expect(cut).toBeUndefined()
    const deeper = classified((b, x) => conv(b, gated(b, x), 'two'))
    expect(places(deeper).map(([place]) => place)).toEqual(['0', '1', '2', '3', '4'])
  })

  it('are none where a vector with pixels in it goes by', () => {
    const b = builder()
    const x = conv(b, b.input('image', mapType(4, 4, 4)), 'one')
    const pixels = b.flatten(x, 'hwc')
    const other = b.globalPool(conv(b, conv(b, x, 'two'), 'three'))
    const graph = b.finish({ pixels, other })
    expect(places(graph).map(([place]) => place)).toEqual(['0', '1'])
  })

  it('are behind a head by which vectors go that say the same of a mirror image', () => {
    const b = builder()
    const x = conv(b, b.input('image', mapType(4, 4, 4)), 'one')
    const early = b.dense(b.globalPool(x), b.parameter('w', [4, 3]))
    const graph = b.finish({ early, late: b.globalPool(conv(b, conv(b, x, 'two'), 'three')) })
    expect(places(graph)).toEqual([
      ['0', 'image', 'Map[4,4,4]'],
      ['1', 'one', 'Map[4,4,4]'],
      ['1.1', 'two', 'Map[4,4,4]'],
      ['1.2', 'three', 'Map[4,4,4]'],
    ])
  })

  it('of outputs that are maps reach to the end', () => {
    const b = builder()
    const y = conv(b, b.input('image', mapType(4, 4, 4)), 'one')
    const graph = b.finish({ y, z: conv(b, y, 'two') })
    expect(places(graph).at(-1)).toEqual(['1.1', 'one + two', 'Map[4,4,4] Map[4,4,4]'])
  })

  it('say which nodes before them read one of their values', () => {
    expect(branchPlaces(unet()).flatMap(({ before, still }) => [...before, ...still])).toEqual([])
    const residual = classified((b, x) => b.add(conv(b, conv(b, x, 'in'), 'deep'), x))
    const cut = branchPlaces(residual).find(place => place.cut === 1)
    expect(cut?.before).toEqual([residual.nodes.findIndex(node => node.name === 'in')])
    const b = builder()
    const x = conv(b, b.input('image', mapType(4, 4, 4)), 'one')
    const inside = conv(b, x, 'in')
    const pooled = b.globalPool(inside)
    const [, , last] = branchPlaces(b.finish({ pooled, map: b.add(conv(b, inside, 'deep'), x) }))
    expect([last.cut, last.before]).toEqual([1, [inside, pooled]])
  })

  it('stand behind the product with a gate, and before it where nothing but a pooling follows', () => {
    const gated = (b: Builder, x: NodeId): NodeId =>
      b.multiply(x, b.unary('sigmoid', conv(b, b.unflatten(b.globalPool(x)), 'gate', { size: 1 })), 'gated')
    const residual = classified((b, x) => b.add(conv(b, gated(b, conv(b, x, 'in')), 'deep'), x, 'sum'))
    expect(places(residual)[2].slice(0, 2)).toEqual(['1.1', 'one + gated'])
    const b = builder()
    const x = conv(b, b.input('image', mapType(8, 8, 4)), 'one')
    const heads = b.finish({ early: b.globalPool(x), late: b.globalPool(gated(b, conv(b, x, 'in'))) })
    expect(places(heads)[2].slice(0, 2)).toEqual(['1.1', 'in'])
  })

  it('end where all is computed', () => {
    const b = builder()
    const map = conv(b, conv(b, b.input('image', mapType(4, 4, 4)), 'one'), 'two')
    expect(places(b.finish({ map, late: b.globalPool(conv(b, map, 'three')) })).map(([place]) => place)).toEqual([
      ...['0', '1', '2', '2.1'],
    ])
  })

  it('count the ops on an image of one pixel like others', () => {
    const b = builder()
    const image = b.input('image', mapType(1, 1, 4))
    const pixel = conv(b, conv(b, conv(b, image, 'a'), 'b'), 'c')
    const graph = b.finish({ pixel, map: conv(b, b.resize(image, [4, 4]), 'two') })
    expect(places(graph).map(([place]) => place)).toEqual(['0', '0.1', '0.2', '0.3'])
  })

  it('say what goes by them that has no pixels to move: poolings of all pixels, and what is made of these', () => {
    const b = builder()
    const x = conv(b, b.input('image', mapType(4, 4, 4)), 'one')
    const pixel = b.meanPool(x, 4, { strides: 1, name: 'pixel' })
    const early = b.relu(b.add(b.globalPool(x, 'mean', 'pooled'), b.flatten(pixel)), 'early')
    const graph = b.finish({ early, late: b.globalPool(conv(b, conv(b, x, 'two'), 'three')) })
    const stillAt = (cut: number) =>
      branchPlaces(graph)
        .find(place => place.cut === cut)
        ?.still.map(id => graph.nodes[id].name)
    expect([stillAt(1), stillAt(2)]).toEqual([['early'], ['early']])
  })

  it('are none where what goes by is of pooled numbers and of pixels', () => {
    const b = builder()
    const x = conv(b, b.input('image', mapType(4, 4, 4)), 'one')
    const pixels = b.dense(b.flatten(x, 'hwc'), b.parameter('w', [64, 4]))
    const mixed = b.add(b.globalPool(x), pixels)
    const map = conv(b, conv(b, conv(b, x, 'two'), 'three'), 'four')
    expect(places(b.finish({ mixed, map })).map(([place]) => place)).toEqual(['0', '1'])
    const seenAsMap = b.flatten(b.unflatten(pixels))
    const deeper = b.finish({ seenAsMap, map: conv(b, map, 'five') })
    expect(places(deeper).map(([place, name]) => [place, name])).toEqual([
      ['0', 'image'],
      ['1', 'one'],
      ['1.1', 'four'],
    ])
  })

  it('transform what is one pixel high, and not what is one pixel', () => {
    const placesOf = (h: number, w: number) => {
      const b = builder()
      const x = conv(b, b.input('image', mapType(h, w, 4)), 'one')
      return places(b.finish({ y: b.add(conv(b, conv(b, x, 'two'), 'three'), x) })).filter(([at]) => at.includes('.'))
    }
    expect(placesOf(1, 4)).toEqual([['1.1', 'one + two', 'Map[1,4,4] Map[1,4,4]']])
    expect(placesOf(1, 1)).toEqual([])
  })

  it('without a name have the number of their node', () => {
    const b = builder()
    const x = b.add(conv(b, b.input('image', mapType(4, 4, 4)), 'one'), b.parameter('shift', [4]))
    const inner = b.relu(conv(b, x, 'two'))
    expect(places(b.finish({ y: b.add(conv(b, inner, 'three'), x) }))[2].slice(0, 2)).toEqual([
      '1.1',
      `%${x} + %${inner}`,
    ])
  })
})

describe('cuts that names of plans count', () => {
  /** Whether there are some where a network forks and joins again before a wide convolution. */
  const counts = (fork: (b: Builder, x: NodeId) => readonly [NodeId, NodeId]): boolean => {
    const b = builder()
    const [one, other] = fork(b, conv(b, b.input('image', mapType(8, 8, 4)), 'a'))
    const found = branchPlaces(b.finish({ map: conv(b, b.concat([one, other]), 'end', { from: 8 }) }))
    expect(found.some(({ cut }) => cut !== undefined)).toBe(true)
    return found.some(({ cut, counted }) => cut !== undefined && counted)
  }
  const transposed = (b: Builder, x: NodeId, stride: number): NodeId => {
    const sides = [0, 0] as const
    const same = { dilations: [1, 1], padding: [sides, sides], groups: 1, extents: [8, 8] } as const
    return b.draft.add('Conv2dTranspose', [x, b.parameter('up.w', [stride, stride, 4, 4])], {
      ...same,
      strides: [stride, stride],
    })
  }
  const low = (b: Builder, x: NodeId): NodeId => conv(b, pool(b, x, 'down'), 'low')
  const skip = (b: Builder, x: NodeId): NodeId => conv(b, x, 'skip')

  it('are those of a network that goes down and up again, whatever goes up', () => {
    expect(counts((b, x) => [b.resize(low(b, x), [8, 8]), skip(b, x)])).toBe(true)
    expect(counts((b, x) => [transposed(b, low(b, x), 2), skip(b, x)])).toBe(true)
  })

  it('are not those of one that stays as it is, or goes down alone', () => {
    expect(counts((b, x) => [conv(b, conv(b, x, 'in'), 'deep'), skip(b, x)])).toBe(false)
    expect(counts((b, x) => [transposed(b, conv(b, x, 'in'), 1), skip(b, x)])).toBe(false)
    expect(counts((b, x) => [b.resize(conv(b, x, 'in'), [8, 8]), skip(b, x)])).toBe(false)
    expect(counts((b, x) => [b.resize(conv(b, x, 'in'), [4, 4]), pool(b, skip(b, x), 'down')])).toBe(false)
    const sides = [2, 2] as const
    expect(counts((b, x) => [b.pad(low(b, x), [sides, sides]), skip(b, x)])).toBe(false)
  })

  it('are those before a wide convolution behind the next feature map, and not those after the last', () => {
    const counted = (graph: Graph) =>
      branchPlaces(graph).flatMap(place => (place.cut === undefined ? [] : place.counted))
    const b = builder()
    const a = conv(b, b.input('image', mapType(8, 8, 4)), 'a')
    const joined = conv(b, b.concat([b.resize(low(b, a), [8, 8]), skip(b, a)]), 'joined', { size: 1, from: 8 })
    expect(counted(b.finish({ map: joined }))).toEqual([true, false])
    expect(counted(b.finish({ map: conv(b, joined, 'last') }))).toEqual([true, true])
    const c = builder()
    const x = conv(c, c.input('image', mapType(8, 8, 4)), 'a')
    const map = pool(c, c.resize(pool(c, x, 'down'), [8, 8]), 'again')
    expect(counted(c.finish({ map, wide: conv(c, x, 'wide') }))).toEqual([false, false, false])
  })

  it('are not those of a block before the network goes down', () => {
    const b = builder()
    const a = conv(b, b.input('image', mapType(8, 8, 4)), 'a')
    const sum = b.add(conv(b, conv(b, a, 'in'), 'deep'), a, 'sum')
    const joined = b.concat([b.resize(low(b, sum), [8, 8]), skip(b, sum)])
    const found = branchPlaces(b.finish({ map: conv(b, joined, 'end', { from: 8 }) }))
    expect(found.filter(({ cut }) => cut !== undefined).map(place => [printPlace(place), place.counted])).toEqual([
      ['1.1', false],
      ['2.1', true],
      ['2.2', true],
    ])
  })

  it('are not those beside a pixel that is stretched over the map', () => {
    const stretched = (b: Builder, x: NodeId): NodeId =>
      b.resize(conv(b, b.unflatten(b.globalPool(x)), 'pooled', { size: 1 }), [8, 8])
    expect(counts((b, x) => [b.add(conv(b, conv(b, x, 'in'), 'deep'), stretched(b, x)), skip(b, x)])).toBe(false)
  })
})
