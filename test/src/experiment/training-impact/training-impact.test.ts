import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import { type Problem, renderProblems } from '../../../../ir/index.ts'
import { printPlan } from '../../../../passes/index.ts'
import { openSweep } from '../../../../src/experiment/sweep/open.ts'
import { sweepPart, sweepResult } from '../../../../src/experiment/sweep/result.ts'
import { runSweep } from '../../../../src/experiment/sweep/sweep.ts'
import { describeTrainingImpact } from '../../../../src/experiment/training-impact/text.ts'
import {
  parseSets,
  readTrainingFile,
  type TrainingFile,
  trainingImpactResult,
  trainingImpactSweep,
} from '../../../../src/experiment/training-impact/training-impact.ts'
import { createZooNetwork } from '../../../../src/index.ts'
import { trainingImpactPage } from '../../../../src/report/page/training-impact-page.ts'
import { attempted } from '../../../attempted.ts'
import { temporaryFolder } from '../../../temporary-folder.ts'

const { graph } = createZooNetwork('preact-resnet-8?classes=10')
const evaluation = { network: 'zoo:preact-resnet-8', evaluate: 'generated:orientation?range=0:20' }
const training: TrainingFile = { train: 'generated:orientation?range=0:20', recipe: 'fine-tune', seeds: [1, 2, 3] }

const right = <A>(result: E.Either<readonly Problem[], A>): A => {
  if (E.isLeft(result)) throw new Error(renderProblems(result.left))
  return result.right
}

const sweepOf = (file: TrainingFile, text = 'flip,rotate,scale') =>
  trainingImpactSweep(file, right(parseSets(text)), evaluation, graph, 't.json')

describe('trainingImpactSweep', () => {
  it('branches at every feature map alone, by each set, under both pairs of reductions, beside vanilla', () => {
    const { plans, seeds, tta } = right(sweepOf(training))
    expect(plans).toHaveLength(1 + 3 * 5 * 2)
    expect(plans.slice(0, 5)).toEqual([
      'vanilla',
      'flip@0:none:geo',
      'flip@0:max:max',
      'flip@1:none:geo',
      'flip@1:max:max',
    ])
    expect(plans.at(-1)).toBe('scale@4:max:max')
    expect([seeds, tta]).toEqual([[1, 2, 3], [false]])
  })

  it('branches where it is told to', () => {
    expect(right(sweepOf({ ...training, maps: [3] }, 'flip')).plans).toEqual([
      'vanilla',
      'flip@3:none:geo',
      'flip@3:max:max',
    ])
    const refused = sweepOf({ ...training, maps: [3, 7] })
    expect(E.isLeft(refused) && renderProblems(refused.left)).toContain('feature map 7')
  })

  it('knows sets by name alone', () => {
    expect(right(parseSets('flip, d4,flip'))).toEqual(['flip', 'd4'])
    expect(parseSets('flip,rot90')).toMatchObject({ left: [{ seen: '"rot90"' }] })
  })
})

describe('readTrainingFile', () => {
  it('refuses keys of others', async () => {
    const path = join(await temporaryFolder('impact'), 't.json')
    await writeFile(path, JSON.stringify(training))
    expect(await readTrainingFile(path)).toEqual(training)
    await writeFile(path, JSON.stringify({ ...training, plans: ['flip-1'], map: [3] }))
    const refused = await attempted(readTrainingFile(path))
    const text = E.isLeft(refused) ? renderProblems(refused.left) : ''
    expect(text).toContain('"plans"')
    expect(text).toContain('maps')
  })
})

describe('a training impact', () => {
  it('has, map by map, the errors of networks trained and run with the branch there', async () => {
    const out = await temporaryFolder('impact')
    const sweep = right(sweepOf({ ...training, maps: [0, 3] }, 'flip,rotate'))
    const open = await openSweep(sweep, 't.json')
    // Trained: the seed. Evaluated: what of it is known by the plan and the training.
    const trainedAs: string[] = []
    await runSweep(open, out, {
      train: async ({ network, training: { name } }) => {
        trainedAs.push(name)
        return {
          network,
          steps: 1,
          epochs: 1,
          loss: 1,
          errorPercent: 25,
          seconds: 1,
          interrupted: false,
          backend: 'b',
          executor: 'e',
        }
      },
      evaluate: async (_, plans) => ({
        images: 20,
        seconds: 1,
        wrong: Object.fromEntries(
          plans.map(plan => [printPlan(plan), trainedAs.at(-1) === 'flip@3:none' && plan.inference === 'geo' ? 4 : 8]),
        ),
      }),
      time: async () => ({ backend: 'b', executor: 'e', batch: 1, relative: { 'flip@3': 1.3 }, milliseconds: {} }),
    })
    expect(new Set(trainedAs).size).toBe(1 + 2 * 2 * 2)
    const call = { command: 'espalier impact', seeds: sweep.seeds, versions: {}, interrupted: false }
    const result = trainingImpactResult(sweepResult(await sweepPart(open, out, 1), call), ['flip', 'rotate'], graph)
    expect(result.vanilla).toMatchObject({ errors: [40, 40, 40], seeds: [1, 2, 3] })
    expect(result.positions.map(({ map, shape }) => [map, shape])).toEqual([
      [0, [32, 32, 3]],
      [3, [16, 16, 32]],
    ])
    const [image, third] = result.positions
    expect(image.results.flip['none,geo']?.error_percent.mean).toBe(40)
    expect(third.results.flip['none,geo']).toMatchObject({ errors: [20, 20, 20], relative_time: 1.3 })
    expect(third.results.flip['max,max']?.error_percent).toEqual({ mean: 40, spread: 0, min: 40, max: 40 })
    expect(third.results.rotate['max,max']?.error_percent.mean).toBe(40)

    expect(describeTrainingImpact(result)).toContain('20.00 ± 0.00')
    const charts = trainingImpactPage(result).sections.flatMap(section => (section.kind === 'chart' ? [section] : []))
    expect(charts.map(({ id }) => id)).toEqual(['none-geo', 'max-max'])
    expect(charts[0].chart).toMatchObject({
      kind: 'lines',
      levels: [{ name: 'vanilla', value: 40 }],
      lines: [
        {
          name: 'flip',
          points: [
            { x: 0, value: 40 },
            { x: 3, value: 20, interval: [20, 20] },
          ],
        },
        { name: 'rotate', points: [{ x: 0 }, { x: 3 }] },
      ],
    })
  })

  it('says what is not done', async () => {
    const out = await temporaryFolder('impact')
    const open = await openSweep(right(sweepOf({ ...training, maps: [3], seeds: [0] }, 'flip')), 't.json')
    const call = { command: 'espalier impact', seeds: [0], versions: {}, interrupted: true }
    const result = trainingImpactResult(sweepResult(await sweepPart(open, out, 1), call), ['flip'], graph)
    expect(result.vanilla).toBeNull()
    expect(result.positions).toMatchObject([{ map: 3, results: { flip: { 'none,geo': null, 'max,max': null } } }])
    expect(describeTrainingImpact(result)).toContain('pending')
    expect(trainingImpactPage(result).sections).toMatchObject([{ chart: { levels: [], lines: [{ points: [] }] } }, {}])
  })
})
