import { builder, mapType, type NodeId } from '../../ir/index.ts'
import { branchPlaces, parsePlan, printPlace } from '../../passes/index.ts'
import { orThrow } from '../../src/base/error.ts'
import { ratio, table } from '../../src/base/format.ts'
import { compileNetwork } from '../../src/compile/compile.ts'
import { openModel } from '../../src/execute/model.ts'
import { race, ratios, type Spread, spreadOf } from '../../src/execute/race.ts'
import { type Network, networkOf } from '../../src/network/network.ts'
import { initialize } from '../../src/network/zoo/index.ts'
import type { Bench } from './main.ts'

const [size, widths] = [128, [16, 32, 64, 128]] as const

/** A U-Net as it is usually drawn: two convolutions a level, pooled down, up by bilinear interpolation beside the skip. */
const unet = (): Network => {
  const b = builder()
  let made = 0
  const conv = (x: NodeId, from: number, to: number): NodeId =>
    b.relu(b.conv2d(x, b.parameter(`w${made++}`, [3, 3, from, to]), { padding: 1 }))
  const level = (x: NodeId, from: number, to: number): NodeId => conv(conv(x, from, to), to, to)
  const down = (x: NodeId, from: number, at: number): NodeId => {
    const here = level(x, from, widths[at])
    if (at === widths.length - 1) return here
    const below = down(b.maxPool(here, 2, { strides: 2 }), widths[at], at + 1)
    const extent = size / 2 ** at
    const up = b.resize(below, [extent, extent], {})
    return level(b.concat([up, here]), widths[at] + widths[at + 1], widths[at])
  }
  const image = b.input('image', mapType(size, size, 3))
  const classes = b.conv2d(down(image, 3, 0), b.parameter('head', [1, 1, widths[0], 5]))
  const graph = b.finish({ classes })
  return orThrow(networkOf('unet', graph, initialize(graph, 1), { answers: [{ name: 'classes', kind: 'map-values' }] }))
}

/** The place where the encoder is done: most of the network’s maps are alive there, the lowest the last. */
const lowest = ({ graph }: Network): string => {
  const most = branchPlaces(graph).reduce((best, place) => (place.values.length >= best.values.length ? place : best))
  return printPlace(most)
}

interface Row {
  readonly network: string
  readonly executor: string
  readonly precision: string
  readonly batch: number
  readonly plan: string
  readonly milliseconds: Spread
  readonly relative_to_plain: number
  readonly multiply_adds_relative: number
}

const textOf = (rows: readonly Row[]): string =>
  table(
    ['executor', 'batch', 'plan', 'ms', 'of plain', 'multiply-adds of plain'],
    rows.map(row => [
      row.executor,
      String(row.batch),
      row.plan,
      row.milliseconds.median.toFixed(2),
      ratio(row.relative_to_plain),
      ratio(row.multiply_adds_relative),
    ]),
  )

/** A U-Net plain, under flip TTA, and with its decoder branched, in turns on each executor. */
export const cutsBench: Bench = {
  about: 'a U-Net with its decoder branched under a flip, beside flip TTA',
  run: async ({ wants }) => {
    const network = unet()
    const plans = ['vanilla', 'vanilla-tta-mean', `flip@${lowest(network)}:mean`].filter(plan => wants('plan', plan))
    const rows: Row[] = []
    for (const executor of (['graph', 'onnx'] as const).filter(name => wants('executor', name)))
      for (const batch of [1, 8].filter(count => wants('batch', String(count)))) {
        const images = Float32Array.from({ length: batch * size * size * 3 }, (_, k) => Math.sin(k))
        const racers = await Promise.all(
          plans.map(async plan => {
            const compiled = orThrow(compileNetwork(network, orThrow(parsePlan(plan)), { batch }))
            const model = await openModel(compiled, { executor, batch })
            return { plan, compiled, dispose: model.dispose, run: () => model.predict(images) }
          }),
        )
        const times = await race(racers, { rounds: 15, seconds: 20, least: 5 })
        racers.forEach(({ plan, compiled, dispose }, k) => {
          rows.push({
            ...{ network: network.name, batch, plan, executor, precision: 'float32' },
            milliseconds: spreadOf(times[k]),
            relative_to_plain: ratios(times[k], times[0]),
            multiply_adds_relative: compiled.multiplyAdds.relative,
          })
          dispose()
        })
      }
    return { rows, text: textOf(rows) }
  },
}
