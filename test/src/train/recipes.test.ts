import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import { decodeRecipe, Recipe } from '../../../src/train/recipe.ts'
import { readRecipe, recipeNames, recipes } from '../../../src/train/recipes.ts'
import { attempted } from '../../attempted.ts'
import { temporaryFolder } from '../../temporary-folder.ts'

const padCropFlip = [{ kind: 'pad-and-crop', padding: 4 }, { kind: 'flip' }]
const sgd = {
  batch: 128,
  momentum: 0.9,
  nesterov: false,
  weight_decay: 2e-4,
  weight_decay_spares: [],
  label_smoothing: 0,
  batch_norm_momentum: 0.1,
  augment: padCropFlip,
}

describe('the named recipes', () => {
  it('can be written in a file', () => {
    for (const name of recipeNames) {
      expect(Recipe.is(recipes[name])).toBe(true)
      expect(decodeRecipe(recipes[name], name, recipes.default)).toEqual(E.right(recipes[name]))
    }
  })

  it('default is plain SGD', () => {
    expect(recipes.default).toMatchObject({ ...sgd, learning_rate: { kind: 'constant', initial: 0.1 } })
  })

  it('cifar and imagenet are the paper’s', () => {
    expect(recipes.cifar).toMatchObject({
      ...sgd,
      epochs: 180,
      learning_rate: {
        kind: 'step',
        initial: 0.1,
        drops: [
          { epoch: 82, divisor: 10 },
          { epoch: 123, divisor: 10 },
          { epoch: 160, divisor: 5 },
        ],
      },
    })
    expect(recipes.imagenet).toMatchObject({
      ...sgd,
      epochs: 105,
      batch: 256,
      nesterov: true,
      weight_decay: 1e-4,
      learning_rate: {
        kind: 'step',
        initial: 0.1,
        drops: [
          { epoch: 30, divisor: 10 },
          { epoch: 60, divisor: 10 },
          { epoch: 90, divisor: 10 },
          { epoch: 100, divisor: 10 },
        ],
      },
      augment: [
        { kind: 'random-crop', resize_to: 256 },
        { kind: 'flip' },
        { kind: 'colour-jitter', brightness: 0.4, contrast: 0.4, saturation: 0.4 },
        { kind: 'pca-lighting', std: 0.1 },
      ],
    })
  })

  it('fine-tune is three epochs down a cosine', () => {
    expect(recipes['fine-tune']).toMatchObject({ ...sgd, epochs: 3, learning_rate: { kind: 'cosine', initial: 0.02 } })
  })
})

describe('distill', () => {
  it('is fine-tuning at a tenth of the rate by the network’s own answers under flip test-time augmentation', () => {
    const { teacher, ...rest } = recipes.distill
    expect(rest).toEqual({ ...recipes['fine-tune'], learning_rate: { kind: 'cosine', initial: 0.002 } })
    expect(teacher).toMatchObject({ network: 'same', plan: 'vanilla-tta-geo', weight: 1 })
  })
})

describe('the recipes in the docs', () => {
  it('take patches of images as they are, for upscalers', async () => {
    const recipe = await readRecipe(fileURLToPath(new URL('../../../docs/recipes/upscale.json', import.meta.url)))
    expect(recipe).toMatchObject({ optimizer: { kind: 'adamw' }, augment: [{ kind: 'random-crop' }, { kind: 'flip' }] })
  })

  it('sees every image once, past its warm-up', async () => {
    const recipe = await readRecipe(fileURLToPath(new URL('../../../docs/recipes/one-pass.json', import.meta.url)))
    expect(recipe).toMatchObject({ epochs: 1, learning_rate: { warm_up: 0.2 }, validation: 0 })
  })
})

const folder = await temporaryFolder('recipe')

describe('a recipe reference', () => {
  it('is a name or a file', async () => {
    const path = join(folder, 'mine.json')
    await writeFile(path, '{"epochs": 4, "augment": []}')
    expect(await readRecipe('cifar')).toEqual(recipes.cifar)
    expect(await readRecipe(path)).toEqual({ ...recipes.default, epochs: 4, augment: [] })
  })

  it('is refused where it is neither', async () => {
    const bad = join(folder, 'bad.json')
    const broken = join(folder, 'broken.json')
    await writeFile(bad, '{"epochs": 0}')
    await writeFile(broken, '{"epochs"')
    for (const [reference, expected] of [
      ['finetune', { tag: 'no-such-recipe', where: '--recipe finetune', hint: 'fine-tune' }],
      [join(folder, 'absent.json'), { tag: 'missing-file', where: join(folder, 'absent.json') }],
      [broken, { tag: 'malformed-file', where: broken }],
      [bad, { tag: 'bad-recipe', where: `${bad}, epochs` }],
    ] as const) {
      const read = await attempted(readRecipe(reference))
      expect(E.isLeft(read) ? read.left : read).toMatchObject([expected])
    }
  })
})
