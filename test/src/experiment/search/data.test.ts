import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import { featureMaps, parseFixedPlan } from '../../../../passes/index.ts'
import { orThrow, orThrowAsync } from '../../../../src/base/error.ts'
import { parseBudget, printBudget, timesOf } from '../../../../src/experiment/search/budget.ts'
import { checkApart, overfitted } from '../../../../src/experiment/search/data.ts'
import { branchesOf, missingBranches, sitesOf, trainedPlan } from '../../../../src/experiment/search/trained.ts'
import { readSafetensorsFile } from '../../../../src/network/weights/safetensors.ts'
import { zoo } from '../../../../src/network/zoo/index.ts'
import { attempted } from '../../../attempted.ts'
import { trainedWithMax } from '../../../trained-with-max.ts'

describe('checkApart', () => {
  it('refuses images that are in both', async () => {
    const overlaps = async (a: string, b: string): Promise<boolean> => E.isLeft(await attempted(checkApart(a, b)))
    expect(await overlaps('generated:orientation', 'generated:orientation')).toBe(true)
    expect(await overlaps('generated:orientation?range=0:5', 'generated:orientation?range=4:6')).toBe(true)
    expect(await overlaps('generated:orientation?range=0:5', 'generated:orientation?range=5:6')).toBe(false)
    expect(await overlaps('generated:orientation', 'generated:orientation?split=train')).toBe(false)
  })

  it('says which, and how it could be', async () => {
    const refused = await attempted(checkApart('cifar10:DIR?split=train', 'cifar10:DIR?split=train&range=5:7'))
    expect(E.isLeft(refused) && [refused.left[0].seen, refused.left[0].hint]).toEqual([
      'images 5 to 6 of both',
      "--select 'cifar10:DIR?split=train&part=0/2' --report 'cifar10:DIR?split=train&part=1/2'",
    ])
  })
})

describe('overfitted', () => {
  it('warns of images that a network was trained on, and not of chance', () => {
    expect(overfitted({ images: 5000, wrong: 1536 }, { images: 5000, wrong: 1581 })).toBeUndefined()
    expect(overfitted({ images: 5000, wrong: 1250 }, { images: 5000, wrong: 1581 })).toContain('25.00 %')
    expect(overfitted({ images: 100, wrong: 5 }, { images: 100, wrong: 20 })).toContain('trained on')
    expect(overfitted({ images: 20, wrong: 1 }, { images: 20, wrong: 2 })).toBeUndefined()
    expect(overfitted({ images: 5000, wrong: 1581 }, { images: 5000, wrong: 1250 })).toBeUndefined()
  })
})

describe('a network trained with max', () => {
  it('is not to run without its branches', async () => {
    const { graph } = orThrow(zoo(trainedWithMax.architecture))
    const { metadata } = await orThrowAsync(readSafetensorsFile(trainedWithMax.weights))
    const trained = trainedPlan(metadata)
    expect(trained).toEqual(orThrow(parseFixedPlan(trainedWithMax.plan)))
    if (trained === undefined) return
    const own = sitesOf(trained, graph)
    expect(own.length).toBe(2)
    expect(missingBranches(trained, own, graph)).toBeUndefined()
    expect(
      missingBranches(trained, [...own, ...sitesOf(orThrow(parseFixedPlan('flip@0')), graph)], graph),
    ).toBeUndefined()
    const twice = orThrow(parseFixedPlan(`{id,shift(1,0)}@${own[0].map},flip@${own[0].map},flip@${own[1].map}:geo`))
    expect(sitesOf(twice, graph)).toEqual([])
    expect(missingBranches(trained, branchesOf(twice, graph), graph)).toBeUndefined()
    expect(missingBranches(trained, own.slice(1), graph)).toContain(`at map ${own[0].map} `)
    expect(missingBranches(trained, [], graph)).toContain(`at maps ${own[0].map}, ${own[1].map} `)
    expect(missingBranches(orThrow(parseFixedPlan('flip-2-none,geo')), [], graph)).toBeUndefined()
    expect(missingBranches(orThrow(parseFixedPlan('vanilla')), [], graph)).toBeUndefined()
    expect(sitesOf(orThrow(parseFixedPlan(`flip-${featureMaps(graph).length}`)), graph)).toEqual([])
  })

  it('is known by what its weights say', () => {
    expect(trainedPlan(new Map())).toBeUndefined()
    expect(trainedPlan(new Map([['plan', 'flop']]))).toBeUndefined()
  })
})

describe('budgets', () => {
  it('are times of vanilla or milliseconds', () => {
    expect(timesOf(orThrow(parseBudget('2.2x')), 40)).toBe(2.2)
    expect(timesOf(orThrow(parseBudget('8ms')), 40)).toBe(0.2)
    expect(['2.2x', '8ms', '.5x'].map(text => printBudget(orThrow(parseBudget(text))))).toEqual(['2.2x', '8ms', '0.5x'])
  })

  it.each(['', '2', '0x', '-1x', 'x', '2 x', '1e3ms', '8s', 'NaNx'])('are not %j', text => {
    expect(E.isLeft(parseBudget(text))).toBe(true)
  })
})
