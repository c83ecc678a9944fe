import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import { createZooNetwork } from '../../../src/index.ts'
import { adamwOf, decodeRecipe, heldOutCount, Recipe, weightDecayOf, withOverrides } from '../../../src/train/recipe.ts'
import { recipes } from '../../../src/train/recipes.ts'

const decode = (json: unknown) => decodeRecipe(json, 'r.json', recipes.default)

const problemsOf = (json: unknown) => {
  const decoded = decode(json)
  if (E.isRight(decoded)) throw new Error('no problem')
  return decoded.left
}

describe('a recipe', () => {
  it('takes from another what it leaves out', () => {
    expect(decode({})).toEqual(E.right(recipes.default))
    expect(decode({ epochs: 3, weight_decay_spares: ['bias'], validation: 0, gradient_clipping: 5 })).toEqual(
      E.right({ ...recipes.default, epochs: 3, weight_decay_spares: ['bias'], validation: 0, gradient_clipping: 5 }),
    )
  })

  it('may descend by AdamW, with PyTorch’s constants where it leaves them out, and no momentum beside it', () => {
    const own = decode({ optimizer: { kind: 'adamw', beta2: 0.99 } })
    expect(E.isRight(own) && adamwOf(own.right)).toEqual({ beta1: 0.9, beta2: 0.99, epsilon: 1e-8 })
    expect(adamwOf(recipes.default)).toBeUndefined()
    for (const beside of [{ momentum: 0.9 }, { nesterov: false }])
      expect(problemsOf({ optimizer: { kind: 'adamw' }, ...beside })).toEqual([
        expect.objectContaining({ where: 'r.json', seen: expect.stringContaining('beside the optimizer adamw') }),
      ])
    expect(problemsOf({ optimizer: { kind: 'adam' } })[0]).toMatchObject({ where: 'r.json, optimizer.kind' })
  })

  it('goes through JSON unchanged', () => {
    for (const recipe of Object.values(recipes))
      expect(Recipe.decode(JSON.parse(JSON.stringify(Recipe.encode(recipe))))).toEqual(E.right(recipe))
  })

  it('takes every schedule and augmentation', () => {
    const json = {
      learning_rate: { kind: 'step', initial: 1, drops: [{ epoch: 0, divisor: 2 }], warm_up: 0.5 },
      augment: [
        { kind: 'random-resized-crop', scale: [0.5, 1], ratio: [1, 2] },
        { kind: 'pad-and-crop', padding: 0 },
        { kind: 'flip' },
        { kind: 'colour-jitter', contrast: 2 },
        { kind: 'pca-lighting', std: 0 },
      ],
    }
    expect(decode(json)).toEqual(E.right({ ...recipes.default, ...json }))
    const cosine = { learning_rate: { kind: 'cosine', initial: 1, final: 0 }, augment: [] }
    expect(decode(cosine)).toEqual(E.right({ ...recipes.default, ...cosine }))
  })

  it.each([
    ['no object', 3, 'r.json', '3'],
    ['a list', [], 'r.json', 'a list of 0'],
    ['epochs 0', { epochs: 0 }, 'r.json, epochs', '0'],
    ['half an image', { batch: 0.5 }, 'r.json, batch', '0.5'],
    ['a momentum of 1', { momentum: 1 }, 'r.json, momentum', '1'],
    ['negative weight decay', { weight_decay: -1 }, 'r.json, weight_decay', '-1'],
    ['a label smoothing of 1', { label_smoothing: 1 }, 'r.json, label_smoothing', '1'],
    ['a clipping of 0', { gradient_clipping: 0 }, 'r.json, gradient_clipping', '0'],
    ['a batch norm momentum of 0', { batch_norm_momentum: 0 }, 'r.json, batch_norm_momentum', '0'],
    ['a batch norm momentum over 1', { batch_norm_momentum: 1.1 }, 'r.json, batch_norm_momentum', '1.1'],
    ['text for a boolean', { nesterov: 'no' }, 'r.json, nesterov', '"no"'],
    ['a bare learning rate', { learning_rate: 0.1 }, 'r.json, learning_rate', '0.1'],
    ['no initial rate', { learning_rate: { kind: 'constant' } }, 'r.json, learning_rate.initial', 'nothing'],
    ['no drops', { learning_rate: { kind: 'step', initial: 1 } }, 'r.json, learning_rate.drops', 'nothing'],
    [
      'a divisor of 0',
      { learning_rate: { kind: 'step', initial: 1, drops: [{ epoch: 1, divisor: 0 }] } },
      'r.json, learning_rate.drops[0].divisor',
      '0',
    ],
    [
      'another kind’s key',
      { learning_rate: { kind: 'cosine', initial: 1, drops: [] } },
      'r.json, learning_rate',
      '"drops"',
    ],
    [
      'a share over 1',
      { augment: [{ kind: 'random-resized-crop', scale: [0.1, 2] }] },
      'r.json, augment[0].scale[1]',
      '2',
    ],
    [
      'a range upside down',
      { augment: [{ kind: 'random-resized-crop', ratio: [2, 1] }] },
      'r.json, augment[0].ratio',
      '2 to 1',
    ],
    [
      'a fitting crop that is not first',
      { augment: [{ kind: 'flip' }, { kind: 'random-crop', resize_to: 256 }] },
      'r.json, augment[1]',
      'random-crop after flip',
    ],
    ['nesterov without momentum', { nesterov: true, momentum: 0 }, 'r.json', 'nesterov with momentum 0'],
  ])('is refused with %s', (_, json, where, seen) => {
    expect(problemsOf(json)).toMatchObject([{ tag: 'bad-recipe', where, seen }])
  })

  it('names the nearest of unknown keys, kinds and names', () => {
    expect(problemsOf({ epoch: 3 })).toMatchObject([{ where: 'r.json', seen: '"epoch"', hint: 'epochs' }])
    expect(problemsOf({ augment: [{ kind: 'flipp' }] })).toMatchObject([
      { where: 'r.json, augment[0].kind', seen: '"flipp"', hint: 'flip' },
    ])
    expect(problemsOf({ augment: [{ kind: 'pad-and-crop', padding: 1, paddding: 4 }] })).toMatchObject([
      { where: 'r.json, augment[0]', seen: '"paddding"', hint: 'padding' },
    ])
    expect(problemsOf({ weight_decay_spares: ['biases'] })).toMatchObject([
      { where: 'r.json, weight_decay_spares[0]', seen: '"biases"', hint: 'bias' },
    ])
    expect(
      problemsOf({ learning_rate: { kind: 'step', initial: 1, drops: [{ epoch: 1, divisor: 2, factor: 1 }] } }),
    ).toMatchObject([
      { where: 'r.json, learning_rate.drops[0]', seen: '"factor"', expected: 'a key out of epoch, divisor' },
    ])
  })

  it('says everything that is wrong at once', () => {
    expect(problemsOf({ epochs: 0, batches: 1, augment: [{}] }).map(p => p.where)).toEqual([
      'r.json',
      'r.json, epochs',
      'r.json, augment[0].kind',
    ])
  })
})

describe('flags over a recipe', () => {
  it('replace its values', () => {
    const { imagenet } = recipes
    expect(withOverrides(imagenet, {})).toEqual(imagenet)
    expect(withOverrides(imagenet, { epochs: 2, batch: 7, augment: false, validation: 0 })).toEqual({
      ...imagenet,
      epochs: 2,
      batch: 7,
      augment: [],
      validation: 0,
    })
    expect(withOverrides(imagenet, { augment: true })).toEqual(imagenet)
  })

  it('scale a schedule as a whole', () => {
    const { learning_rate } = withOverrides(recipes.cifar, { learningRate: 0.05 })
    expect(learning_rate).toEqual({ ...recipes.cifar.learning_rate, initial: 0.05 })
    const cosine = {
      ...recipes.default,
      learning_rate: { kind: 'cosine', initial: 0.5, final: 0.25, warm_up: 2 },
    } as const
    expect(withOverrides(cosine, { learningRate: 1 }).learning_rate).toEqual({
      kind: 'cosine',
      initial: 1,
      final: 0.5,
      warm_up: 2,
    })
    expect(withOverrides(recipes['fine-tune'], { learningRate: 0.8 }).learning_rate).toEqual({
      kind: 'cosine',
      initial: 0.8,
    })
  })
})

describe('the images held out', () => {
  it('are what the recipe says, or a tenth and at most 5,000', () => {
    expect([50_000, 20_000, 999, 9].map(count => heldOutCount(recipes.default, count))).toEqual([5000, 2000, 99, 0])
    expect(heldOutCount({ ...recipes.default, validation: 0 }, 50_000)).toBe(0)
    expect(heldOutCount({ ...recipes.default, validation: 7000 }, 50_000)).toBe(7000)
  })
})

describe('weight decay', () => {
  const { graph, parameters } = createZooNetwork('resnet-18?classes=10')
  const decayed = (weight_decay_spares: Recipe['weight_decay_spares']): readonly string[] => {
    const of = weightDecayOf({ weight_decay: 2e-4, weight_decay_spares }, graph)
    expect(new Set([...parameters.keys()].map(of))).toEqual(
      new Set(weight_decay_spares.length > 0 ? [2e-4, 0] : [2e-4]),
    )
    return [...parameters.keys()].filter(name => of(name) > 0 && !name.includes('running'))
  }

  it('spares what a recipe names by role', () => {
    const all = decayed([])
    expect(all.length).toBe(62)
    const isBias = (name: string): boolean => name === 'fc.bias'
    const isNorm = (name: string): boolean => /bn\d\.(weight|bias)$|downsample\.1\.(weight|bias)$/.test(name)
    expect(decayed(['bias'])).toEqual(all.filter(name => !isBias(name)))
    expect(decayed(['normalization'])).toEqual(all.filter(name => !isNorm(name)))
    expect(decayed(['bias', 'normalization']).length).toBe(21)
  })
})
