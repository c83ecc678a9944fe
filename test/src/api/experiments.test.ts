import { describe, expect, it } from 'vitest'
import { builder, mapType } from '../../../ir/index.ts'
import {
  compile,
  createModel,
  createNetwork,
  evaluate,
  impact,
  parsePlan,
  type SearchProgress,
  search,
  topK,
  views,
} from '../../../src/index.ts'

/** A convolution and a dense layer on the images of the data set `orientation`, with drawn weights. */
const network = (() => {
  const b = builder()
  const image = b.input('image', mapType(32, 32, 3))
  const map = b.relu(b.conv2d(image, b.parameter('filter', [4, 4, 3, 6]), { strides: 4 }))
  const graph = b.finish({ logits: b.dense(b.flatten(map), b.parameter('weights', [384, 10])) })
  const filled = (shape: readonly number[]) => {
    const size = shape.reduce((n, extent) => n * extent)
    return { shape, data: Float32Array.from({ length: size }, (_, i) => Math.sin(7 * i) / 10) }
  }
  return createNetwork(
    'small',
    graph,
    new Map([
      ['filter', filled([4, 4, 3, 6])],
      ['weights', filled([384, 10])],
    ]),
  )
})()

const plan = parsePlan('vanilla-tta-geo')
const data = 'generated:orientation?range=0:24'
const onWasm = { backend: 'wasm', executor: 'eager' } as const

describe('evaluate', () => {
  it('counts errors where there are labels, tells how far it is, and gives answers where they are asked for', async () => {
    await using model = await createModel(compile(network, plan), onWasm)
    const progress: number[] = []
    const options = {
      batch: 10,
      answers: true,
      top: 3,
      onProgress: ({ done }: { done: number }) => progress.push(done),
    }
    const result = await evaluate(model, data, options)
    expect(progress).toEqual([10, 20, 24])
    expect(result).toMatchObject({ images: 24, interrupted: false, skipped: [], unanswered: { images: 0 } })
    const wrong = result.answers.filter(({ label, best }) => best[0].index !== label).length
    expect([result.wrong, result.errorPercent]).toEqual([wrong, (100 * wrong) / 24])
    expect(result.answers.map(({ best }) => best.length)).toEqual(new Array(24).fill(3))
    expect((await evaluate(model, data, { limit: 5 })).answers).toEqual([])
  })

  it('says how far each image went under an adaptive plan', async () => {
    await using model = await createModel(compile(network, parsePlan('vanilla/0.1/vanilla-tta-geo')), onWasm)
    const { answers, stages } = await evaluate(model, data, { batch: 10, answers: true })
    const deeper = answers.filter(({ stage }) => stage === 2).length
    expect(deeper).toBeGreaterThan(0)
    expect(stages?.map(({ images }) => images)).toEqual([24, deeper])
  })

  it('names classes by what the model’s meaning says, and stops where it is aborted', async () => {
    const classes = Array.from({ length: 10 }, (_, k) => `turned ${k}`)
    await using model = await createModel(compile(network, plan, { meaning: { classes } }), onWasm)
    const control = new AbortController()
    const result = await evaluate(model, data, {
      ...{ batch: 4, answers: true, signal: control.signal },
      onProgress: () => control.abort(),
    })
    expect(result).toMatchObject({ images: 4, interrupted: true })
    expect(classes).toContain(result.answers[0].best[0].class)
  })
})

describe('a model', () => {
  it('is freed at the end of a block, once what it computes is done', async () => {
    let outside: Promise<unknown> | undefined
    const opened = await createModel(compile(network, plan), onWasm)
    {
      await using model = opened
      outside = model.predict(new Float32Array(2 * 32 * 32 * 3))
    }
    await expect(outside).resolves.toMatchObject({ n: 2 })
    await expect(opened.predict(new Float32Array(32 * 32 * 3))).rejects.toThrow('disposed')
  })

  it('runs on native TensorFlow by its own name or not at all', async () => {
    const compiled = compile(network, plan, { backend: 'tensorflow' })
    const named = async (backend: 'tensorflow' | 'node-gpu') => {
      try {
        await using model = await createModel(compiled, { backend, executor: 'eager' })
        return model.backend
      } catch (error) {
        return (error as Error).message
      }
    }
    expect(await named('tensorflow')).toBe(await named('node-gpu'))
  })

  it('gives the likeliest classes of a prediction', async () => {
    const prediction = {
      ...{ n: 2, classes: 3, logits: new Float32Array(6) },
      probabilities: Float32Array.of(0.25, 0.5, 0.25, Number.NaN, 0, 1),
    }
    expect(topK(prediction, 2, ['a', 'b', 'c'])).toEqual([
      [
        { index: 1, class: 'b', probability: 0.5 },
        { index: 0, class: 'a', probability: 0.25 },
      ],
      [],
    ])
  })
})

describe('experiments', () => {
  it('views says what a plan turns, as evaluate counts it', async () => {
    await using model = await createModel(compile(network, plan), onWasm)
    const seen: number[] = []
    const result = await views(network, plan, data, { ...onWasm, onProgress: ({ done }) => seen.push(done) })
    expect(seen.at(-1)).toBe(24)
    expect(result.variants.map(({ variant }) => variant)).toEqual(['id', 'flip@0'])
    expect(result.errorPercent).toBe((await evaluate(model, data)).errorPercent)
    expect(result.won.length - result.lost.length).toBe(
      Math.round((24 * (result.vanillaErrorPercent - result.errorPercent)) / 100),
    )
  })

  it('impact takes a signal, and keys in camelCase', async () => {
    const result = await impact(network, data, { ...onWasm, transforms: 'flip', signal: AbortSignal.abort() })
    expect(result).toMatchObject({ images: 0, interrupted: true, positions: [{ map: 0 }, { map: 1 }] })
    expect(Object.keys(result).filter(key => key.includes('_'))).toEqual([])
  })

  it('search finds a plan within a budget, tells of its rounds, and ends where it is aborted', async () => {
    const images = { select: 'generated:orientation?range=0:40', report: 'generated:orientation?range=40:60' }
    const progress: SearchProgress[] = []
    const options = { ...onWasm, budget: '6x', sets: 'flip', batch: 4, beam: 1, offspring: 2 } as const
    const result = await search(network, images, { ...options, onProgress: each => progress.push(each) })
    expect(result).toMatchObject({ budget: '6x', select: { images: 40 }, report: { images: 20 }, executor: 'eager' })
    expect(result.relativeCost).toBeLessThanOrEqual(result.beatsVanilla ? result.budgetRelative : 1)
    expect(new Set(progress.map(({ kind }) => kind))).toEqual(new Set(['timing', 'images', 'round']))
    const stopped = search(network, images, { ...options, signal: AbortSignal.abort(new Error('enough')) })
    await expect(stopped).rejects.toThrow('enough')
  })

  it('search fits the thresholds of given stages, and refuses what are none', async () => {
    const images = { select: 'generated:orientation?range=0:40', report: 'generated:orientation?range=40:60' }
    const options = { ...onWasm, budget: '1.6x', batch: 4 } as const
    const stages = 'vanilla,vanilla-tta-geo'
    const result = await search(network, images, { ...options, stages })
    expect(result).toMatchObject({ budget: '1.6x', evaluated: 2, rounds: 0 })
    for (const wrong of ['vanilla', [plan], [parsePlan('vanilla/0.3/flip@0:geo'), plan]])
      await expect(search(network, images, { ...options, stages: wrong })).rejects.toThrow(/stages/)
  })
})
