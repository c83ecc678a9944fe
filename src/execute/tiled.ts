import { EspalierError, type Pair } from '../../ir/index.ts'
import { sourceProblem } from '../base/error.ts'
import { imageType } from '../network/network.ts'
import { type Grid, partOf, upTo } from './map-parts.ts'
import type { Model } from './model.ts'
import { type Prediction, predictionOf, type ShapedOutput } from './prediction.ts'
import { type ImagesModel, imagesModel } from './whole-images.ts'

/** Tiles at a time, where nothing else is said. */
export const tilesAtOnce = 8

/** How an image is laid out in tiles. */
export interface TileOptions {
  /** By how many pixels neighbours overlap at least; there one fades into the other. */
  readonly overlap: number
  /** Tiles at a time. Default 8. */
  readonly batch?: number
}

/** Where tiles begin along an axis: evenly apart, the last one at the end. */
export const tileStarts = (extent: number, tile: number, step: number): readonly number[] => {
  const count = extent <= tile ? 1 : Math.ceil((extent - tile) / step) + 1
  return Array.from({ length: count }, (_, k) => Math.min(k * step, Math.max(0, extent - tile)))
}

/** A tile's share along an axis: it rises over the overlap, and falls. Shares of neighbours are brought to a sum of 1. */
export const ramp = (length: number, overlap: number): Float32Array =>
  Float32Array.from({ length }, (_, k) => {
    const inside = Math.min(k, length - 1 - k) + 0.5
    return overlap === 0 ? 1 : Math.min(1, inside / overlap)
  })

/** One output of a network at the size of a tile, and its extents over those of the tile. */
interface TiledOutput extends ShapedOutput {
  readonly ratio: number
}

const refuse = (seen: string, expected: string): never => {
  throw new EspalierError([sourceProblem('bad-input', 'tiles', seen, expected)])
}

/** The outputs, all of them maps that lie over the tile. @throws EspalierError where one does not */
const tiledOutputs = (outputs: readonly ShapedOutput[], [h, w]: Pair): readonly TiledOutput[] =>
  outputs.map(output => {
    const { name, kind, shape } = output
    const ratio = shape[0] / h
    if (shape.length !== 3) return refuse(`${kind}, the output ${name}`, 'a map, of which tiles are parts')
    if (ratio !== shape[1] / w || !(Number.isInteger(ratio) || Number.isInteger(1 / ratio)))
      return refuse(
        `the output ${name}, ${shape[0]} × ${shape[1]} of ${h} × ${w}`,
        'a whole multiple or part of the tile',
      )
    return { ...output, ratio }
  })

/** Sums of tiles, each times its shares, over sums of shares. */
const blending = (h: number, w: number, c: number, [rows, columns]: Pair, overlap: number) => {
  const sums = new Float32Array(h * w * c)
  const shares = new Float32Array(h * w)
  const [down, across] = [ramp(rows, overlap), ramp(columns, overlap)]
  return {
    add: (tile: Float32Array, [top, left]: Pair): void => {
      for (let y = 0; y < rows; y++)
        for (let x = 0; x < columns; x++) {
          const share = down[y] * across[x]
          const at = (top + y) * w + left + x
          shares[at] += share
          for (let k = 0; k < c; k++) sums[at * c + k] += share * tile[(y * columns + x) * c + k]
        }
    },
    blended: (): Float32Array => sums.map((sum, k) => sum / shares[Math.floor(k / c)]),
  }
}

/** A model of one size for images of any: in tiles that overlap, and are blended. @throws EspalierError where an output is no map */
export const tiledModel = (model: Model, options: TileOptions): ImagesModel => {
  const { overlap, batch = tilesAtOnce } = options
  const { h: tileRows, w: tileColumns } = imageType(model)
  const tile: Pair = [tileRows, tileColumns]
  const outputs = tiledOutputs(model.outputs, tile)
  const whole = Math.max(...outputs.map(({ ratio }) => 1 / ratio), 1)
  const steps = tile.map(extent => Math.floor((extent - overlap) / whole) * whole)
  if (steps.some(step => step <= 0))
    refuse(`an overlap of ${overlap}`, `less than the tile, ${tile.join(' × ')}, less ${whole - 1}`)

  const predictOne = async (grid: Grid): Promise<Prediction> => {
    const { h, w, c } = grid
    const extents = [h, w].map((extent, k) => Math.max(tile[k], upTo(extent, whole)))
    const [rows, columns] = extents.map((extent, k) => tileStarts(extent, tile[k], steps[k]))
    const places = rows.flatMap(top => columns.map((left): Pair => [top, left]))
    const canvases = outputs.map(({ ratio, shape }) =>
      blending(extents[0] * ratio, extents[1] * ratio, shape[2], [shape[0], shape[1]], Math.round(overlap * ratio)),
    )
    const padded = { h: extents[0], w: extents[1], c, data: partOf(grid, [0, 0], [extents[0], extents[1]]) }
    for (let first = 0; first < places.length; first += batch) {
      const some = places.slice(first, first + batch)
      const size = tile[0] * tile[1] * c
      const inputs = new Float32Array(some.length * size)
      some.forEach((place, k) => {
        inputs.set(partOf(padded, place, tile), k * size)
      })
      const prediction = await model.predict(inputs)
      outputs.forEach(({ name, ratio }, k) => {
        const { data } = prediction.outputs[name]
        const each = data.length / some.length
        some.forEach(([top, left], n) => {
          canvases[k].add(data.subarray(n * each, (n + 1) * each), [top * ratio, left * ratio])
        })
      })
    }
    const answers = outputs.map(({ ratio, shape, ...output }, k) => {
      const size: Pair = [Math.ceil(h * ratio), Math.ceil(w * ratio)]
      const canvas = { h: extents[0] * ratio, w: extents[1] * ratio, c: shape[2], data: canvases[k].blended() }
      return { output: { ...output, shape: [...size, shape[2]] }, values: partOf(canvas, [0, 0], size) }
    })
    return predictionOf(
      {
        outputs: answers.map(({ values }) => values),
        stages: Uint8Array.of(1),
        certainty: Float32Array.of(Number.NaN),
        variants: [],
      },
      answers.map(({ output }) => output),
      [],
    )
  }
  return imagesModel(model, predictOne, model.dispose)
}
