import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import { renderProblems } from '../../../../ir/index.ts'
import { orThrow } from '../../../../src/base/error.ts'
import { decodeSweep, readSweep, recipeOf, type Sweep } from '../../../../src/experiment/sweep/config.ts'
import { expandGrid } from '../../../../src/experiment/sweep/grid.ts'
import { readTrainingFile } from '../../../../src/experiment/training-impact/training-impact.ts'
import { createZooNetwork } from '../../../../src/index.ts'
import { decodeRecipe } from '../../../../src/train/recipe.ts'
import { recipes } from '../../../../src/train/recipes.ts'
import { attempted } from '../../../attempted.ts'
import { temporaryFolder } from '../../../temporary-folder.ts'

const least = {
  network: 'zoo:preact-resnet-8',
  train: 'cifar100:DIR?split=train',
  evaluate: 'cifar100:DIR',
  recipe: 'fine-tune',
  plans: ['vanilla', 'flip-1'],
}

const decoded = (json: unknown): Sweep => orThrow(decodeSweep(json, 'c.json'))

const refused = (json: unknown): string => {
  const sweep = decodeSweep(json, 'c.json')
  return E.isLeft(sweep) ? renderProblems(sweep.left) : 'not refused'
}

describe('decodeSweep', () => {
  it('fills in what is left out', () => {
    expect(decoded(least)).toEqual({
      ...least,
      train_reductions: ['max'],
      inference_reductions: ['max', 'sum', 'geo'],
      tta: [false],
      seeds: [0],
      batch: 128,
    })
  })

  it('takes what a program leaves undefined for left out', () => {
    expect(decoded({ ...least, batch: undefined, seeds: undefined })).toEqual(decoded(least))
  })

  it('takes every key', () => {
    const all = {
      ...least,
      weights: 'w.safetensors',
      preprocess: 'p.json',
      recipe: { epochs: 1 },
      overrides: { batch: 32 },
      train_reductions: ['none', 'geo'],
      inference_reductions: ['sum'],
      tta: [false, true],
      seeds: [1, 2],
      backend: 'wasm',
      executor: 'eager',
      precision: 'float32',
      train_precision: 'bfloat16',
      batch: 8,
      limit: 100,
      max_steps: 3,
    }
    expect(decoded(all)).toEqual(all)
  })

  it.each([
    [{ ...least, sedes: [1] }, ['"sedes"', 'seeds']],
    [{ ...least, train_reductions: ['mex'] }, ['train_reductions[0]', '"mex"', 'max']],
    [{ ...least, inference_reductions: ['none'] }, ['inference_reductions[0]', '"none"']],
    [{ ...least, plans: [] }, ['plans', 'one at least']],
    [{ ...least, seeds: [1, 1] }, ['seeds', '1 twice']],
    [{ ...least, plans: ['flip-1', 'flip-1'] }, ['plans', '"flip-1" twice']],
    [{ ...least, seeds: [-1] }, ['seeds[0]', '-1']],
    [{ ...least, executor: 'grph' }, ['executor', 'graph']],
    [{ ...least, recipe: 3 }, ['recipe', '3']],
    [{ ...least, max_steps: 0 }, ['max_steps', '0']],
    [{ network: 'zoo:preact-resnet-8' }, ['plans', 'train', 'evaluate', 'recipe']],
    [[], ['c.json', 'an object']],
  ])('refuses %j', (json, words) => {
    for (const word of words) expect(refused(json)).toContain(word)
  })

  it('reads a file, and says what is wrong with it', async () => {
    const folder = await temporaryFolder('sweep')
    const path = join(folder, 'c.json')
    await writeFile(path, JSON.stringify(least))
    expect(await readSweep(path)).toEqual(decoded(least))
    await writeFile(path, '{')
    expect(await attempted(readSweep(path))).toMatchObject({ left: [{ tag: 'malformed-file', where: path }] })
    expect(await attempted(readSweep(join(folder, 'none.json')))).toMatchObject({ left: [{ tag: 'missing-file' }] })
  })
})

describe('the sweep in the docs', () => {
  const docs = new URL('../../../../docs/sweeps/', import.meta.url)
  const json = async (name: string): Promise<unknown> => JSON.parse(await readFile(new URL(name, docs), 'utf8'))

  it('is 7 trainings by three seeds, each with every cell of its matrix', async () => {
    const sweep = decoded(await json('cifar100.json'))
    await recipeOf(sweep, 'cifar100.json')
    const trainings = orThrow(expandGrid(sweep, createZooNetwork('preact-resnet-14').graph))
    expect(trainings).toHaveLength(7 * 3)
    // Four rows with and without TTA: vanilla has 1 + 3 cells, the others a row of 4 each.
    expect(trainings[0].runs).toHaveLength(4 + 3 * 2 * 4)
    for (const { runs } of trainings.slice(1, 7)) expect(runs).toHaveLength(2 * 4)
  })

  it('has others beside it, that expand', async () => {
    const network = createZooNetwork('preact-resnet-20').graph
    for (const [name, trainings] of Object.entries({
      'fine-tune': 4,
      distill: 4,
      'distill-half': 4,
      'distill-gently': 2,
      'distill-resnet-56': 2,
      'distill-shared': 3,
      'from-scratch': 4,
      'from-scratch-none': 4,
    })) {
      const sweep = decoded(await json(`${name}.json`))
      await recipeOf(sweep, name)
      expect(orThrow(expandGrid(sweep, network)), name).toHaveLength(3 * trainings)
    }
  })

  it('has five maps to train branches at', async () => {
    const path = fileURLToPath(new URL('training-impact.json', docs))
    expect(await readTrainingFile(path)).toMatchObject({ maps: [0, 3, 5, 7, 9], recipe: 'fine-tune' })
  })

  it('begins with weights trained by a recipe there', async () => {
    expect(decodeRecipe(await json('pretrain.json'), 'pretrain.json', recipes.default)).toMatchObject({
      right: { epochs: 10, batch: 128 },
    })
  })
})

describe('recipeOf', () => {
  it('puts overrides in place of a named recipe’s keys', async () => {
    const sweep = decoded({ ...least, overrides: { epochs: 7, label_smoothing: 0.1 } })
    expect(await recipeOf(sweep, 'c.json')).toEqual({ ...recipes['fine-tune'], epochs: 7, label_smoothing: 0.1 })
  })

  it('takes the keys of a recipe over the default', async () => {
    const sweep = decoded({ ...least, recipe: { epochs: 2, augment: [] } })
    expect(await recipeOf(sweep, 'c.json')).toEqual({ ...recipes.default, epochs: 2, augment: [] })
  })

  it('refuses unknown recipes and keys, naming the nearest', async () => {
    const wrong = async (json: object): Promise<string> => {
      const recipe = await attempted(recipeOf(decoded({ ...least, ...json }), 'c.json'))
      return E.isLeft(recipe) ? renderProblems(recipe.left) : 'not refused'
    }
    expect(await wrong({ recipe: 'fine-tun' })).toContain('fine-tune')
    const key = await wrong({ overrides: { epoch: 3 } })
    expect(key).toContain('c.json, overrides')
    expect(key).toContain('epochs')
    expect(await wrong({ recipe: { momentun: 3 } })).toContain('c.json, recipe')
  })
})
