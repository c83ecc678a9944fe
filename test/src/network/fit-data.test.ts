import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import type { DataSet } from '../../../src/data/index.ts'
import { createZooNetwork } from '../../../src/index.ts'
import { fitLabelled, fitLabels } from '../../../src/network/fit-data.ts'

const network = createZooNetwork('cifar-resnet-8?classes=3')

const dataOf = (classes: readonly string[], folders: readonly string[]): DataSet => ({
  name: 'set',
  count: 0,
  labelled: true,
  classes,
  classCount: classes.length,
  folders,
  read: async () => E.right([]),
})

describe('labels', () => {
  it('are those of folders with images, or of all folders where the network has as many', () => {
    const three = ['a', 'b', 'c']
    expect(fitLabels(network, dataOf(three, ['', ...three]), undefined).classes).toEqual(three)
    const two = fitLabels(network, dataOf(['a', 'c'], three), undefined)
    expect([two.classes, two.notes]).toEqual([
      three,
      ['Folders without images count as classes: the network has as many as there are folders, 3.'],
    ])
  })

  it('of another number than the network’s are refused with the folders that they are of', () => {
    const four = ['__old', 'a', 'b', 'c']
    expect(() => fitLabels(network, dataOf(four, four), undefined)).toThrow(
      'saw 4 classes; expected 3 classes, as cifar-resnet-8 has (folders with images here: __old, a, b, c)',
    )
    expect(() => fitLabels(network, dataOf(four, four), ['a', 'b', 'c'])).toThrow('name of one class each: __old;')
  })

  it('are asked for', () => {
    expect(() => fitLabelled(network, { ...dataOf([], []), labelled: false }, undefined)).toThrow('without labels')
  })
})
