import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { actOnTensor, evaluate, inverse, parse, print, type Tensor } from '../../../ir/index.ts'
import {
  branchPlaces,
  insertBranches,
  parseFixedPlan,
  placePlan,
  printPlace,
  variantsOfPlan,
} from '../../../passes/index.ts'
import { orThrow, orThrowAsync } from '../../../src/base/error.ts'
import { placesIn } from '../../../src/cli/places.ts'
import { compileNetwork } from '../../../src/compile/compile.ts'
import { executorIsThere } from '../../../src/execute/executor.ts'
import { openModel } from '../../../src/execute/model.ts'
import { importOnnx } from '../../../src/network/import/onnx/index.ts'
import type { Network } from '../../../src/network/network.ts'
import { parseAnswers } from '../../../src/network/said-outputs.ts'
import { variantsOf } from '../../laws/plan-meaning.ts'

const opened = async (): Promise<Network> => {
  const file = fileURLToPath(new URL('unet.onnx', import.meta.url))
  const network = await orThrowAsync(importOnnx(file, { answers: orThrow(parseAnswers('raw=map-values')) }))
  return {
    ...network,
    outputs: network.outputs?.slice(0, 1),
    graph: { ...network.graph, outputs: network.graph.outputs.slice(0, 1) },
  }
}

const unet = await opened()
const images: Tensor = {
  shape: [1, 32, 32, 3],
  data: Float32Array.from({ length: 32 * 32 * 3 }, (_, k) => Math.sin(k * 1.7)),
}
const environment = { inputs: new Map([['image', images]]), parameters: unet.parameters }
const compiledUnder = (plan: string) => orThrow(compileNetwork(unet, orThrow(parseFixedPlan(plan))))
const placedOn = (plan: string) => orThrow(placePlan(orThrow(parseFixedPlan(plan)), unet.graph, () => 0, unet.outputs))
const answerOf = (graph: Network['graph'], parameters: Network['parameters']): Tensor =>
  orThrow(evaluate(graph, { ...environment, parameters })).get('raw') as Tensor

const expectClose = (seen: ArrayLike<number>, wanted: ArrayLike<number>, digits: number): void => {
  expect(seen.length).toBe(wanted.length)
  let apart = 0
  for (let k = 0; k < wanted.length; k++) apart = Math.max(apart, Math.abs(seen[k] - wanted[k]))
  expect(apart).toBeLessThan(10 ** -digits)
}

/** The encoder’s last values: the lowest map, and what its skips carry. */
const lowest = '1.4'
const everywhere = branchPlaces(unet.graph).map(printPlace)

describe('a U-Net', () => {
  it('has places between its few feature maps', () => {
    expect(everywhere).toEqual(['0', '1', '1.1', '1.2', '1.3', '1.4', '1.5', '1.6', '2', '3'])
    expect(placesIn(unet.graph).map(({ shapes }) => shapes.map(([h]) => h).join('+'))).toEqual(
      '32 32 32+16 32+16 32+16+8 32+16+8 32+16 32+16 32 32'.split(' '),
    )
    expect(placedOn('flip-3-mean').sites.map(site => printPlace(site))).toEqual(['1.5', '1.6', '2'])
  })

  it.each(everywhere)('branched at %s computes what is before once, and what is after twice', place => {
    const { multiplyAdds, actsOnMaps } = compiledUnder(`flip@${place}:mean`)
    const { before } = placesIn(unet.graph).find(other => other.place === place) as { readonly before: number }
    expect(multiplyAdds.relative).toBeCloseTo(before === 1 ? 1 : 2 - before, 10)
    expect(multiplyAdds.relativeUnshared).toBeCloseTo(2, 10)
    expect(actsOnMaps).toBe(0)
  })

  it.each(['flip@1.1', `flip@${lowest}`, 'rot4@1.5', 'flip@1,flipv@1.6'])(
    'under %s answers as its parts do by hand',
    plan => {
      const { sites } = placedOn(`${plan}:mean`)
      const variants = variantsOf(unet.graph, new Map(), sites, environment)
      const wanted = new Float64Array(variants[0].data.length)
      variantsOfPlan({ sites }).forEach((steps, k) => {
        const undone = steps.reduceRight(
          (y, { transform }) => (transform.kind === 'd4' ? actOnTensor(inverse(transform.element), y, 1, 2) : y),
          variants[k],
        )
        for (const [at, x] of undone.data.entries()) wanted[at] += x / variants.length
      })
      const compiled = compiledUnder(`${plan}:mean`)
      expectClose(answerOf(compiled.graph, compiled.parameters).data, wanted, 5)
    },
  )

  it('branched at a cut is printed and parsed', () => {
    const inserted = insertBranches(placedOn(`flip@${lowest}:mean`)).run({
      graph: unet.graph,
      parameters: unet.parameters,
    })
    const { graph } = orThrow(inserted).program
    const branches = graph.nodes.filter(({ tag }) => tag === 'Branch')
    expect(branches.map(({ attributes }) => (attributes as { readonly axis: string }).axis)).toEqual(
      Array.from({ length: 3 }, () => `cut${lowest}`),
    )
    expect(print(orThrow(parse(print(graph))))).toBe(print(graph))
  })

  it('takes what is the same at every resolution alone at a cut of several', () => {
    const refusal = placePlan(orThrow(parseFixedPlan('shift4@1.4:mean')), unet.graph, () => 0, unet.outputs)
    expect(refusal).toMatchObject({
      left: [
        {
          tag: 'bad-plan',
          seen: 'shift(0,1) at cut 1.4, of maps of 32×32 and 16×16 and 8×8 pixels',
          expected: 'flips and quarter turns, which are the same at every resolution',
        },
      ],
    })
  })
})

const options = { backend: 'auto', precision: 'float32', debug: false } as const
const moved = [`flip@${lowest}:mean`, '{id,shift(4,-4),scale(0.8),rotate(15)}@0:median'].map(plan => {
  const compiled = compiledUnder(plan)
  return { plan, compiled, wanted: answerOf(compiled.graph, compiled.parameters).data }
})
for (const executor of ['eager', 'graph', 'onnx', 'openvino'] as const) {
  const isThere = await executorIsThere(executor, options)

  it.skipIf(!isThere).each(moved)(
    `under $plan answers on ${executor} as in the evaluator`,
    async ({ compiled, wanted }) => {
      await using model = await openModel(compiled, executor === 'eager' ? { backend: 'cpu', executor } : { executor })
      const { outputs } = await model.predict(images.data as Float32Array)
      expectClose(outputs.raw.data, wanted, 4)
    },
  )
}
