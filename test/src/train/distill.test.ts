import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { orThrow, orThrowAsync } from '../../../src/base/error.ts'
import { type DataSet, openData } from '../../../src/data/index.ts'
import { createZooNetwork, parsePlan, type TrainOptions, train } from '../../../src/index.ts'
import { fitLabelsThatFit, withoutLabels } from '../../../src/network/fit-data.ts'
import { readSafetensorsFile, writeSafetensors } from '../../../src/network/weights/safetensors.ts'
import { espalierFormat } from '../../../src/network/zoo/index.ts'
import { type Recipe, recipes } from '../../../src/train/index.ts'
import { readTeacher, type Teacher } from '../../../src/train/teacher.ts'
import { temporaryFolder } from '../../temporary-folder.ts'

const network = createZooNetwork('preact-resnet-8?classes=10', { seed: 1 })
const labelled = orThrow(await openData('generated:orientation?range=0:18'))
const unlabelled = withoutLabels(labelled)
const taught = (teacher: Partial<Teacher> = {}): Recipe => ({
  ...recipes.distill,
  ...{ epochs: 1, batch: 6, validation: 0 },
  teacher: { network: 'same', plan: 'vanilla-tta-geo', temperature: 2, weight: 1, ...teacher },
})
const follow = (data: DataSet, recipe: Recipe, options: TrainOptions = {}, start = network) =>
  train({ network: start, plan: parsePlan('flip-1-geo'), recipe, data, backend: 'wasm', ...options })

describe('a network that learns from a teacher', () => {
  it('needs no labels where all of the loss is the teacher’s', async () => {
    const [with_, without] = [await follow(labelled, taught()), await follow(unlabelled, taught())]
    expect(without.losses).toHaveLength(3)
    expect(without.losses).toEqual(with_.losses)
    expect(without.losses.every(loss => loss > 0)).toBe(true)
    expect(without.validation).toBeNull()
    await expect(follow(unlabelled, taught({ weight: 0.5 }))).rejects.toThrow(/without labels/)
    await expect(follow(unlabelled, { ...taught(), validation: 4 })).rejects.toThrow(/labels to validate by/)
  })

  it('comes nearer to it', async () => {
    const { losses } = await follow(unlabelled, { ...taught(), augment: [], epochs: 3, batch: 18 })
    expect(losses[2]).toBeLessThan(losses[0])
  })

  it('takes labels of its own classes and leaves others', () => {
    expect(fitLabelsThatFit(network, labelled, undefined).labelled).toBe(true)
    expect(fitLabelsThatFit(network, { ...labelled, classCount: 3 }, undefined)).toMatchObject({ labelled: false })
  })

  it('is given another one by reference and weights', async () => {
    const weights = join(await temporaryFolder('distill'), 'teacher.safetensors')
    await orThrowAsync(writeSafetensors(weights, network.parameters, new Map([espalierFormat])))
    const named = { network: 'zoo:preact-resnet-8', weights }
    const { losses } = await follow(labelled, taught(named), { maxSteps: 1 })
    expect(losses).toEqual((await follow(labelled, taught(), { maxSteps: 1 })).losses)
    const other = { ...taught({ network: 'zoo:preact-resnet-8?classes=3' }).teacher } as Teacher
    await expect(readTeacher(other, network, 0)).rejects.toThrow(/3 classes/)
  })

  it('goes on with the teacher that it began with alone', async () => {
    const out = await temporaryFolder('distill')
    await follow(labelled, taught(), { out, maxSteps: 1 })
    const other = createZooNetwork('preact-resnet-8?classes=10', { seed: 2 })
    await expect(follow(labelled, taught(), { out, resume: true, maxSteps: 2 }, other)).rejects.toThrow(/teacher/)
    expect((await follow(labelled, taught(), { out, resume: true, maxSteps: 2 })).steps).toBe(2)
  })
})

describe('weights', () => {
  it('say what they were trained on, by what, and how they err', async () => {
    const out = await temporaryFolder('distill')
    const recipe = { ...taught({ weight: 0.5 }), validation: 6 }
    const { validation, loss, errorPercent } = await follow(labelled, recipe, { out, seed: 3 })
    const { metadata } = await orThrowAsync(readSafetensorsFile(join(out, 'last.safetensors')))
    expect(Object.fromEntries(metadata)).toMatchObject({
      ...{ network: network.name, plan: 'flip-1-geo', seed: '3', epochs: '1', steps: '2' },
      ...{ loss: `${loss}`, training_error_percent: `${errorPercent}` },
      ...{ held_out_images: '6', held_out_error_percent: `${validation?.errorPercent}` },
      data: expect.stringMatching(/^18 images/),
    })
    expect(JSON.parse(metadata.get('recipe') as string)).toEqual(recipe)
    expect(await readFile(join(out, 'best.safetensors'))).toEqual(await readFile(join(out, 'last.safetensors')))
  })
})
