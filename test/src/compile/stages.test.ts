import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { factsOf } from '../../../src/compile/compile.ts'
import { meanRelative } from '../../../src/compile/compiled-stages.ts'
import { compile, createZooNetwork, parsePlan, save } from '../../../src/index.ts'
import { readCompiledFolder } from '../../../src/open/compiled-folder.ts'
import { temporaryFolder } from '../../temporary-folder.ts'

describe('what is compiled under an adaptive plan', () => {
  const network = createZooNetwork('cifar-resnet-8')

  it('says what each stage costs beside the plain network, and a compiled folder keeps it', async () => {
    const compiled = compile(network, parsePlan('vanilla/0.68/vanilla-tta-geo'))
    const { total, relative } = compiled.multiplyAdds
    expect(compiled.stages?.map(({ plan }) => plan)).toEqual(['vanilla', 'vanilla-tta-geo'])
    // The first variant of the second stage is the first stage.
    expect(compiled.stages?.map(({ multiplyAdds }) => multiplyAdds)).toEqual([
      { total: total / 2, relative: 1 },
      { total: total / 2, relative: 1 },
    ])
    expect(relative).toBe(2)
    const image = { name: 'image', numbers: 32 * 32 * 3 }
    expect(
      compiled.stages?.map(({ brought, gate }) => ({ brought: brought.map(({ numbers }) => numbers), gate })),
    ).toEqual([
      { brought: [image.numbers], gate: { measure: 'margin', below: 0.68 } },
      { brought: [image.numbers, 100], gate: undefined },
    ])
    expect(compiled.stages?.[1].brought).toContainEqual(image)
    const folder = join(await temporaryFolder('stages'), 'compiled')
    await save(compiled, folder)
    expect((await readCompiledFolder(folder)).compiled.stages).toEqual(compiled.stages)
    expect(factsOf(compiled)).toMatchObject({ stages: [{ plan: 'vanilla', multiply_adds_relative: 1 }, {}] })
  })

  it('costs on average what the shares that reach later stages say', () => {
    const { stages = [] } = compile(network, parsePlan('vanilla/0.68/vanilla-tta-geo'))
    expect(meanRelative(stages, [0])).toBe(1)
    expect(meanRelative(stages, [0.4])).toBeCloseTo(1.4, 12)
    expect(meanRelative(stages, [1])).toBe(2)
  })

  it('brings what only a stage after the next takes along', () => {
    const network = createZooNetwork('preact-resnet-20?classes=10')
    const { stages = [] } = compile(network, parsePlan('vanilla/0.5/flip-1-max/0.2/vanilla-tta-geo'))
    const brought = stages.map(stage => stage.brought.map(({ name }) => name))
    expect(brought.map(names => names.includes('image'))).toEqual([true, true, true])
  })

  it('has none under a fixed plan', () => {
    const compiled = compile(network, parsePlan('flip-2-max'))
    expect(compiled.stages).toBeUndefined()
    expect(factsOf(compiled).stages).toBeUndefined()
  })
})
