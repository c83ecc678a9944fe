import { describe, expect, it } from 'vitest'
import { countedWork, growth, linear } from '../../../../counted-work.ts'
import { asking, chain, links } from './hostile-models.ts'
import { problemsOf } from './model.ts'

describe('ONNX files are imported in linear time', () => {
  it.each(links)('%s', async (_, link) => {
    const importing = (length: number) => {
      const model = chain(link, length)
      return () => problemsOf(model)
    }
    expect(await growth(importing, 250)).toBeLessThan(linear)
  })
})

describe('ONNX files that ask for much take little, in no more than linear time', () => {
  it.each(asking)('%s', async (_, __, model) => {
    expect(await countedWork(() => problemsOf(model))).toBeLessThan(2e8)
  })
})
