import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { builder, mapType } from '../../../ir/index.ts'
import { parsePlan } from '../../../passes/index.ts'
import { orThrow } from '../../../src/base/error.ts'
import { describeAnswer } from '../../../src/cli/answers.ts'
import { predictionLines } from '../../../src/cli/prediction-lines.ts'
import { predictionsFile } from '../../../src/cli/predictions-file.ts'
import { compileNetwork } from '../../../src/compile/compile.ts'
import { openData } from '../../../src/data/index.ts'
import { evaluateData } from '../../../src/execute/evaluate-data.ts'
import { openModel } from '../../../src/execute/model.ts'
import { evaluate } from '../../../src/experiment/evaluation.ts'
import { variantLogits } from '../../../src/experiment/variants/logits.ts'
import { type Network, networkOf } from '../../../src/network/network.ts'
import { temporaryFolder } from '../../temporary-folder.ts'

const data = orThrow(await openData('generated:orientation?range=0:8'))
const preprocess = { size: [32, 32], scale: 1 / 255 } as const

/** Scores that are NaN, by the logarithm of a number below 0, where the mean of an image's red is under a bound. */
const network = (bound: number): Network => {
  const b = builder()
  const mean = b.globalPool(b.input('image', mapType(32, 32, 3)))
  const logs = b.unary('log', b.unary('affine', mean, { alpha: 1, beta: -bound }))
  const weights = { shape: [3, 10], data: Float32Array.from({ length: 30 }, (_, k) => (k < 10 ? k / 10 : 0)) }
  return orThrow(
    networkOf('half', b.finish({ logits: b.dense(logs, b.parameter('w', [3, 10])) }), new Map([['w', weights]])),
  )
}

const compiled = (bound: number) => orThrow(compileNetwork(network(bound), orThrow(parsePlan('vanilla'))))
const broken = await openModel({ ...compiled(2), meaning: { preprocess } }, { backend: 'cpu', executor: 'eager' })

describe('scores that are no numbers', () => {
  it('are counted, named and never right', async () => {
    const seen = await evaluateData(broken, data, { batch: 3, preprocess })
    expect(seen).toMatchObject({ images: 8, wrong: 8, wrongTop5: 8, unanswered: { images: 8 } })
    expect(seen.unanswered.first).toHaveLength(5)
    const whole = await openModel({ ...compiled(-1), meaning: { preprocess } }, { backend: 'cpu', executor: 'eager' })
    expect((await evaluateData(whole, data, { batch: 3, preprocess })).unanswered).toEqual({ images: 0, first: [] })
    whole.dispose()
  })

  it('are null in the file of predictions, and no answer in words', async () => {
    const path = join(await temporaryFolder('none'), 'p.jsonl')
    const file = await predictionsFile(path, predictionLines(undefined))
    const { answers } = await evaluate(broken, { data, preprocess }, { batch: 8, answers: true, onBatch: file.write })
    await file.finish()
    const [line] = (await readFile(path, 'utf8')).split('\n')
    expect(JSON.parse(line)).toMatchObject({ predicted: null, class: null, logits: new Array(10).fill(null) })
    expect(describeAnswer(answers[0])).toContain('no answer')
  })

  it('are what predict gives, and what classify throws', async () => {
    const { data: pixels } = { data: new Uint8Array(32 * 32 * 3).fill(9) }
    const { probabilities } = await broken.predict(Float32Array.from(pixels, x => x / 255))
    expect(probabilities.every(Number.isNaN)).toBe(true)
    await expect(broken.classify([{ data: pixels, height: 32, width: 32 }])).rejects.toMatchObject({
      kind: 'failure',
      problems: [{ where: 'classify, image 0', seen: 'scores that are no numbers' }],
    })
  })

  it('are nothing that plans are compared by', async () => {
    await expect(variantLogits(network(2), [[]], { data, preprocess }, { backend: 'cpu' })).rejects.toMatchObject({
      kind: 'failure',
      problems: [{ where: 'the network as it is', seen: expect.stringContaining('of 8 of 8 images') }],
    })
  })
})
