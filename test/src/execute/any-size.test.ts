import { cp, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import { type Builder, builder, mapType, type NodeId, type Pair } from '../../../ir/index.ts'
import { parsePlan } from '../../../passes/index.ts'
import { orThrow } from '../../../src/base/error.ts'
import { compileNetwork } from '../../../src/compile/compile.ts'
import { type Model, openModel } from '../../../src/execute/model.ts'
import { sizedModel } from '../../../src/execute/sized.ts'
import { ramp, tiledModel, tileStarts } from '../../../src/execute/tiled.ts'
import type { ImagesModel } from '../../../src/execute/whole-images.ts'
import {
  createNetwork,
  createSizedModel,
  type DataSet,
  evaluate,
  loadNetwork,
  type Network,
} from '../../../src/index.ts'
import { type AtSize, neededMultiple, openSizedModel } from '../../../src/open/any-size.ts'
import { hasShared, sharedPath } from '../../shared.ts'
import { temporaryFolder } from '../../temporary-folder.ts'

type Body = (b: Builder, image: NodeId, size: Pair) => NodeId

const networkAt =
  (body: Body, answers = 'map-values', channels = 2) =>
  ([h, w]: Pair): Network => {
    const b = builder()
    return createNetwork('n', b.finish({ y: body(b, b.input('image', mapType(h, w, channels)), [h, w]) }), new Map(), {
      answers,
    })
  }

const modelAt =
  (body: Body, plan = 'vanilla', answers?: string, channels?: number) =>
  async (size: Pair): Promise<Model> =>
    openModel(orThrow(compileNetwork(networkAt(body, answers, channels)(size), orThrow(parsePlan(plan)))), {
      backend: 'cpu',
      executor: 'eager',
    })

const twice: Body = (b, x, [h, w]) => b.resize(x, [2 * h, 2 * w], { method: 'nearest', coordinates: 'half-pixel' })
const halved: Body = (b, x) => b.meanPool(x, [2, 2], { strides: [2, 2] })
/** Down twice and up again, with a skip: height and width are multiples of 4. */
const skipping: Body = (b, x, [h, w]) =>
  b.add(
    x,
    b.resize(halved(b, halved(b, x, [h, w]), [h, w]), [Math.floor(h / 4) * 4, Math.floor(w / 4) * 4], {
      method: 'nearest',
    }),
  )

const imageOf = (h: number, w: number): Float32Array =>
  Float32Array.from({ length: h * w * 2 }, (_, k) => Math.sin(k * 1.3))

const grey = (height: number, width: number) => ({ height, width, data: new Uint8Array(3 * height * width).fill(99) })

/** Images of one colour, each to become one of twice its extents. */
const halvedImages = (sizes: readonly Pair[]): DataSet => ({
  ...{ name: 'halved', count: sizes.length, labelled: false, targets: 'image' },
  read: async (from, to) =>
    E.right(
      sizes.slice(from, to).map(([h, w]) => ({
        ...{ image: grey(h, w), where: `${h} × ${w}` },
        target: { kind: 'image', image: grey(2 * h, 2 * w), where: 'twice' },
      })),
    ),
})

const answer = async (model: Pick<ImagesModel, 'predict'> | Model, h: number, w: number, data = imageOf(h, w)) => {
  const { outputs } = await model.predict({ shape: [1, h, w, 2], data: async () => data })
  return outputs.y
}

const expectClose = (seen: ArrayLike<number>, wanted: ArrayLike<number>, within = 1e-5): void => {
  expect(seen.length).toBe(wanted.length)
  const most = Array.from(seen, (value, k) => Math.abs(value - wanted[k])).reduce((a, b) => Math.max(a, b), 0)
  expect(most).toBeLessThan(within)
}

describe('tiles', () => {
  it('begin evenly apart, the last one at the end', () => {
    expect(tileStarts(10, 4, 3)).toEqual([0, 3, 6])
    expect(tileStarts(11, 4, 3)).toEqual([0, 3, 6, 7])
    expect(tileStarts(3, 4, 3)).toEqual([0])
  })

  it('share a pixel in proportion to how far each reaches over it', () => {
    expect([...ramp(6, 4)]).toEqual([0.125, 0.375, 0.625, 0.625, 0.375, 0.125])
    const [first, second] = [ramp(8, 4).slice(4), ramp(8, 4).slice(0, 4)]
    expect([...first.map((share, k) => share + second[k])]).toEqual([1, 1, 1, 1])
    expect([...ramp(3, 0)]).toEqual([1, 1, 1])
  })

  it.each<readonly [string, Body, number, Pair]>([
    ['the same extents', (_, x) => x, 3, [11, 17]],
    ['twice them', twice, 3, [9, 10]],
    ['half of them', halved, 2, [11, 13]],
    ['the same of an image smaller than a tile', (_, x) => x, 3, [3, 5]],
    ['the same without overlap', (_, x) => x, 0, [16, 9]],
  ])('of a network of pixels alone are its whole answer: %s', async (_, body, overlap, [h, w]) => {
    await using tiled = tiledModel(await modelAt(body)([6, 8]), { overlap, batch: 3 })
    const odd = body === halved
    // Where a map is smaller, the border is repeated up to the next whole part.
    const [rows, columns] = odd ? [h + 1, w + 1] : [h, w]
    const whole = await modelAt(body)([rows, columns])
    const padded = Float32Array.from({ length: rows * columns * 2 }, (_, k) => {
      const [y, x, c] = [Math.floor(k / (2 * columns)), Math.floor(k / 2) % columns, k % 2]
      return imageOf(h, w)[(Math.min(y, h - 1) * w + Math.min(x, w - 1)) * 2 + c]
    })
    const seen = await answer(tiled, h, w)
    const wanted = await answer(whole, rows, columns, padded)
    expect(seen.shape).toEqual(wanted.shape)
    expectClose(seen.data, wanted.data)
    whole.dispose()
  })

  it('fade into each other where a network sees its borders', async () => {
    // How near a pixel is to the middle of its tile is seen in the answer: one tile's is taken up by the next one's.
    const ones: Body = (b, x) => b.meanPool(x, [3, 3], { strides: [1, 1], padding: 1, countPadding: true })
    await using tiled = tiledModel(await modelAt(ones)([8, 8]), { overlap: 4 })
    const { data } = await answer(tiled, 8, 20, new Float32Array(8 * 20 * 2).fill(1))
    const row = Array.from({ length: 20 }, (_, x) => data[(4 * 20 + x) * 2])
    const jumps = row.slice(3, -3).map((value, k) => Math.abs(value - row[k + 2]))
    expect(Math.max(...jumps)).toBeLessThan(0.1)
  })

  it('are refused for what is no map, and with an overlap that is all of a tile', async () => {
    const vector = await modelAt((b, x) => b.globalPool(x), 'vanilla', 'values')([6, 6])
    expect(() => tiledModel(vector, { overlap: 2 })).toThrow(/values, the output y.*a map/s)
    const map = await modelAt(twice)([6, 6])
    expect(() => tiledModel(map, { overlap: 6 })).toThrow(/an overlap of 6/)
    await expect(answer(tiledModel(map, { overlap: 2 }), 0, 0)).rejects.toThrow(/one image \[1, h, w, 2\]/)
  })
})

describe('a network of open height and width', () => {
  it.each<readonly [Body, number]>([
    [(_, x) => x, 1],
    [halved, 2],
    [skipping, 4],
    [(b, x) => b.globalPool(x), 1],
  ])('is found to need a multiple, %#', (body, multiple) => {
    const kind = multiple === 1 && String(body).includes('globalPool') ? 'values' : 'map-values'
    expect(neededMultiple(networkAt(body, kind))).toBe(multiple)
  })

  it('is refused where its maps are now one part of the image and now another, and where it does not open', () => {
    const valid: Body = (b, x) => b.meanPool(x, [3, 3], { strides: [1, 1] })
    expect(() => neededMultiple(networkAt(valid))).toThrow(/other parts at other sizes/)
    const gone = (): never => {
      throw new Error('no file')
    }
    expect(() => neededMultiple(gone)).toThrow('no file')
  })

  it('answers an image of any size: its border repeated, and cut off the answer', async () => {
    await using model = await sizedModel(modelAt(skipping, 'vanilla-tta-mean'), [8, 8], { multiple: 4 })
    for (const [h, w] of [
      [8, 8],
      [5, 11],
      [7, 7],
    ] as const) {
      const { shape, data } = await answer(model, h, w)
      expect(shape).toEqual([1, h, w, 2])
      const [rows, columns] = [Math.ceil(h / 4) * 4, Math.ceil(w / 4) * 4]
      const padded = Float32Array.from({ length: rows * columns * 2 }, (_, k) => {
        const [y, x, c] = [Math.floor(k / (2 * columns)), Math.floor(k / 2) % columns, k % 2]
        return imageOf(h, w)[(Math.min(y, h - 1) * w + Math.min(x, w - 1)) * 2 + c]
      })
      const whole = await modelAt(skipping, 'vanilla-tta-mean')([rows, columns])
      const wanted = await answer(whole, rows, columns, padded)
      expectClose(
        data,
        wanted.data.filter((_, k) => Math.floor(k / (2 * columns)) < h && Math.floor(k / 2) % columns < w),
      )
      whole.dispose()
    }
  })

  it('is turned in squares: of images that are none the border is repeated up to one', async () => {
    const plan = orThrow(parsePlan('d4@0:mean'))
    const openAt = (size: Pair): AtSize => {
      const network = networkAt(skipping)(size)
      return { network, compile: async () => orThrow(compileNetwork(network, plan)) }
    }
    await using model = await openSizedModel(openAt, { backend: 'cpu', executor: 'eager' }, rounding =>
      expect(rounding).toEqual({ multiple: 4, square: true }),
    )
    const own = await answer(model, 8, 5)
    const padded = Float32Array.from({ length: 128 }, (_, k) => {
      const [y, x, c] = [Math.floor(k / 16), Math.floor(k / 2) % 8, k % 2]
      return imageOf(8, 5)[(y * 5 + Math.min(x, 4)) * 2 + c]
    })
    const whole = await modelAt(skipping, 'd4@0:mean')([8, 8])
    const wanted = await answer(whole, 8, 8, padded)
    expect(own.shape).toEqual([1, 8, 5, 2])
    expectClose(
      own.data,
      wanted.data.filter((_, k) => Math.floor(k / 2) % 8 < 5),
    )
    whole.dispose()
  })

  it('is evaluated on images as they are', async () => {
    await using model = await sizedModel(modelAt(twice, 'vanilla', 'map-values', 3), [4, 4], { multiple: 1 })
    const sizes = [
      [3, 5],
      [4, 4],
    ] as const
    const { images, measures } = await evaluate(model, halvedImages(sizes), { answers: false })
    expect([images, measures?.map(({ name, value }) => [name, value])[0]]).toEqual([2, ['psnr_db', 100]])
    await expect(evaluate(model, halvedImages(sizes), { batch: 2 })).rejects.toThrow(/one at a time/)
  })

  it('keeps a few sizes open, those that came last, and disposes of the others once they are not used', async () => {
    const [opened, closed]: [string[], string[]] = [[], []]
    const openAt = async (size: Pair): Promise<Model> => {
      opened.push(`${size}`)
      const model = await modelAt(twice)(size)
      return {
        ...model,
        dispose: () => {
          closed.push(`${size}`)
          model.dispose()
        },
      }
    }
    const model = await sizedModel(openAt, [4, 4], { multiple: 1, kept: 2 })
    await Promise.all([2, 3, 5, 3].map(side => answer(model, side, side)))
    await answer(model, 4, 4)
    expect(opened).toEqual(['4,4', '2,2', '3,3', '5,5'])
    expect(closed).toEqual(['2,2'])
    await answer(model, 2, 2)
    expect(opened).toHaveLength(5)
    expect(closed).toEqual(['2,2', '5,5'])
    await model[Symbol.asyncDispose]()
    expect(closed.toSorted()).toEqual(['2,2', '2,2', '3,3', '4,4', '5,5'])
  })
})

describe.skipIf(!hasShared)('an upscaler', () => {
  const path = () => sharedPath('models', 'tfjs', 'esrgan_slim_x2', 'model.json')
  const [h, w] = [10, 13]
  const data = Float32Array.from({ length: h * w * 3 }, (_, k) => ((k * 7919) % 1009) / 1009)
  const image = { shape: [1, h, w, 3], data: async () => data }
  const how = { backend: 'wasm', executor: 'eager' } as const

  it('answers at a size of the image’s own what it answers when it is opened at that, from a file that is read once', async () => {
    const plan = orThrow(parsePlan('vanilla-tta-mean'))
    const copy = await temporaryFolder('any-size')
    await cp(dirname(path()), copy, { recursive: true })
    await using sized = await createSizedModel(join(copy, 'model.json'), plan, { answers: 'map-values', ...how })
    await rm(copy, { recursive: true })
    const network = await loadNetwork(path(), { size: [h, w], answers: 'map-values' })
    const model = await openModel(orThrow(compileNetwork(network, plan)), how)
    const [seen, wanted] = await Promise.all([sized.predict(image), model.predict(data)])
    const [[own], [whole]] = [Object.values(seen.outputs), Object.values(wanted.outputs)]
    expect(own.shape).toEqual([1, 2 * h, 2 * w, 3])
    expectClose(own.data, whole.data, 1e-4)
    model.dispose()
  })
})
