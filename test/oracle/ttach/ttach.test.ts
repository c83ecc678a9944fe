import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { addLike, draft, type Tensor } from '../../../ir/index.ts'
import { parsePlan } from '../../../passes/index.ts'
import { orThrow, orThrowAsync } from '../../../src/base/error.ts'
import { softmaxRows } from '../../../src/base/softmax.ts'
import { compileNetwork } from '../../../src/compile/compile.ts'
import { openModel } from '../../../src/execute/model.ts'
import { importOnnx } from '../../../src/network/import/onnx/index.ts'
import { type Network, networkOf } from '../../../src/network/network.ts'
import { parseAnswers } from '../../../src/network/said-outputs.ts'

type Figures = Readonly<Record<'raw' | 'points' | 'mask' | 'classes', readonly number[] | undefined>>

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url))
const { networks } = JSON.parse(readFileSync(here('figures.json'), 'utf8')) as {
  readonly networks: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, Figures>>>>>>
}

const [size, every] = [32, 37]

/** `((k·7919) mod 1009)/1009 − 0.5` for the k-th number, channels first, as the IR has it. */
const images = Float32Array.from({ length: 2 * size * size * 3 }, (_, at) => {
  const [channel, pixel] = [at % 3, Math.floor(at / 3) % size ** 2]
  const k = (Math.floor(at / (3 * size ** 2)) * 3 + channel) * size ** 2 + pixel
  return ((k * 7919) % 1009) / 1009 - 0.5
})

const opened = async (name: string, raw = 'map-values'): Promise<Network> =>
  orThrowAsync(importOnnx(here(`${name}.onnx`), { answers: orThrow(parseAnswers(`raw=${raw}`)) }))

/** One of its two outputs alone. */
const output = (k: 0 | 1, network: Network): Network => ({
  ...network,
  outputs: network.outputs?.slice(k, k + 1),
  graph: { ...network.graph, outputs: network.graph.outputs.slice(k, k + 1) },
})

/** The mean of the raw numbers over the pixels, as scores of classes. */
const classifierOf = ({ name, graph, parameters }: Network): Network => {
  const d = draft('flat')
  for (const node of graph.nodes) addLike(d, node, node.operands)
  const [raw] = graph.outputs
  const logits = d.add('GlobalPool', [raw.node], { reduction: 'mean' })
  return orThrow(networkOf(name, d.finish([{ name: 'logits', node: logits }]), parameters))
}

const predicted = async (network: Network, plan: string) => {
  const compiled = orThrow(compileNetwork(network, orThrow(parsePlan(plan))))
  await using model = await openModel(compiled, { backend: 'wasm', executor: 'eager' })
  return { compiled, ...(await model.predict(images)) }
}

const near = (seen: ArrayLike<number>, wanted: readonly number[] = []): void => {
  expect(seen.length).toBe(wanted.length)
  wanted.forEach((value, k) => {
    expect(Math.abs(seen[k] - value)).toBeLessThan(1e-4)
  })
}

const sampled = ({ data }: Pick<Tensor, 'data'>) => data.filter((_, k) => k % every === 0)

/** ttach's names of what `geo`, `mean`, `max`, `min` and `sum` are here. */
const modes = { mean: 'mean', geo: 'gmean', max: 'max', min: 'min', sum: 'sum' } as const
const sets = { hflip: 'flip@0', d4: 'd4@0' } as const

describe.each(Object.keys(networks))('%s, as ttach has it', name => {
  for (const [transforms, set] of Object.entries(sets))
    for (const [reduction, mode] of Object.entries(modes)) {
      const figures = networks[name][transforms][mode]

      it.skipIf(figures.raw === undefined)(`raw numbers: ${transforms}, ${mode}`, async () => {
        const { outputs } = await predicted(output(0, await opened(name)), `${set}:${reduction}`)
        near(sampled(outputs.raw), figures.raw)
      })

      if (figures.points !== undefined)
        it(`heatmaps of left and right: ${transforms}, ${mode}`, async () => {
          const { outputs } = await predicted(output(0, await opened(name, 'heatmaps[0-1,3-4]')), `${set}:${reduction}`)
          near(sampled(outputs.raw), figures.points)
        })

      if (reduction === 'min') continue
      it(`classes of each pixel, and of the image: ${transforms}, ${mode}`, async () => {
        const network = await opened(name)
        const { outputs } = await predicted(output(1, network), `${set}:${reduction}`)
        near(sampled(outputs.mask), figures.mask)
        const { logits } = await predicted(classifierOf(network), `${set}:${reduction}`)
        near(softmaxRows(logits, 5), figures.classes)
      })
    }

  it('flips are left at the image and at the outputs alone', async () => {
    const { compiled } = await predicted(await opened(name), 'vanilla-tta-mean')
    const { nodes } = compiled.graph
    const acts = nodes.flatMap((node, id) => (node.tag === 'Act' && node.type.kind === 'Map' ? [id] : []))
    const inside = acts.filter(
      id =>
        nodes[nodes[id].operands[0]].tag !== 'Input' &&
        !nodes.some(({ tag, operands }) => tag === 'Combine' && operands.includes(id)),
    )
    expect(inside).toEqual([])
    expect(compiled.outputs?.map(({ name, kind }) => [name, kind])).toEqual([
      ['raw', 'map-values'],
      ['mask', 'map-classes'],
    ])
  })
})
