import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import { orThrow } from '../../../src/base/error.ts'
import { type DataSet, numberedBy, numberedByFolders } from '../../../src/data/index.ts'

const image = { data: new Uint8Array(3), height: 1, width: 1 }

/** An image a class. */
const dataOf = (classes: readonly string[], folders?: readonly string[]): DataSet => ({
  name: 'set',
  count: classes.length,
  labelled: true,
  classes,
  classCount: classes.length,
  ...(folders === undefined ? {} : { folders }),
  read: async (from, to) =>
    E.right(Array.from({ length: to - from }, (_, k) => ({ image, label: from + k, where: `${from + k}` }))),
})

const folders = (...names: readonly string[]): DataSet => dataOf(names, names)

const labelsOf = async (data: DataSet): Promise<readonly (number | undefined)[]> =>
  orThrow(await data.read(0, data.count)).map(({ label }) => label)

describe('the classes of data', () => {
  it('are numbered as the network numbers them, by name', async () => {
    const data = orThrow(numberedBy(folders('blue', 'green', 'red'), ['red', 'green', 'blue']))
    expect(await labelsOf(data)).toEqual([2, 1, 0])
    expect([data.classes, data.notes]).toEqual([
      ['red', 'green', 'blue'],
      ['Classes are numbered by their names: blue is class 2, green is class 1, red is class 0.'],
    ])
    const same = orThrow(numberedBy(folders('a', 'b'), ['a', 'b']))
    expect([await labelsOf(same), same.notes]).toEqual([[0, 1], undefined])
  })

  it('may be some of the network’s', async () => {
    const data = orThrow(numberedBy(folders('blue', 'red'), ['red', 'green', 'blue']))
    expect([await labelsOf(data), data.classCount]).toEqual([[2, 0], 3])
  })

  it('match in another form of Unicode, and but for case and separators', async () => {
    expect(await labelsOf(orThrow(numberedBy(folders('a', 'e\u0301'), ['\u00e9', 'a'])))).toEqual([1, 0])
    const loose = orThrow(numberedBy(folders('Sea_Lion', 'cat'), ['sea lion', 'cat']))
    expect([await labelsOf(loose), loose.notes]).toEqual([
      [0, 1],
      ['Classes are numbered by their names, but for case and separators: Sea_Lion is class 0, cat is class 1.'],
    ])
  })

  it('are taken in order where no name is the same, which is said', async () => {
    const data = orThrow(numberedBy(folders('n01', 'n02'), ['tench', 'goldfish']))
    expect([await labelsOf(data), data.classes, data.notes]).toEqual([
      [0, 1],
      ['tench', 'goldfish'],
      ['2 folders without a class’s name, taken in the order of code points: n01 as tench, n02 as goldfish.'],
    ])
    const fixed = orThrow(numberedBy(dataOf(['airplane', 'bird']), ['plane', 'bird']))
    expect([await labelsOf(fixed), fixed.notes?.length]).toEqual([[0, 1], 1])
  })

  it.each([
    [
      folders('blue', 'gelb', 'red'),
      ['red', 'green', 'blue'],
      '3 folders, of them not the name of one class each: gelb',
    ],
    [folders('a', 'b', 'x'), ['a', 'b'], '3 folders, of them not the name of one class each: x'],
    [folders('p', 'q'), ['a', 'b', 'c'], '2 folders, of them not the name of one class each: p, q'],
    [dataOf(['b', 'x']), ['y', 'b'], '2 classes, of them not the name of one class each: x'],
  ])('are refused where only some names are the same: %#', (data, names, seen) => {
    const numbered = numberedBy(data, names)
    expect(E.isLeft(numbered) && numbered.left).toMatchObject({ tag: 'bad-labels', where: '--data set', seen })
  })

  it('count folders without images where the network has as many', async () => {
    const data = dataOf(['b', 'd'], ['a', 'b', 'c', 'd'])
    const all = numberedByFolders(data)
    expect([await labelsOf(all), all.classCount]).toEqual([[1, 3], 4])
    expect(await labelsOf(orThrow(numberedBy(data, ['w', 'x', 'y', 'z'])))).toEqual([1, 3])
  })

  it('that differ in their form alone are two, as folders are', async () => {
    const twins = ['\u00e9', 'e\u0301']
    expect(await labelsOf(orThrow(numberedBy(folders(...twins), [...twins].reverse())))).toEqual([1, 0])
  })

  it('have no name that two classes have', () => {
    const numbered = numberedBy(folders('bird', 'crane'), ['crane', 'crane', 'bird'])
    expect(E.isLeft(numbered) && numbered.left.seen).toBe('2 folders, of them not the name of one class each: crane')
  })

  it('stay what they are where the data has no names', () => {
    const { classes: _, ...data } = dataOf(['a'])
    expect(orThrow(numberedBy(data, ['x', 'y']))).toBe(data)
  })
})
