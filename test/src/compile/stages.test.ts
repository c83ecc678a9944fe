import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { factsOf } from '../../../src/compile/compile.ts'
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
    const folder = join(await temporaryFolder('stages'), 'compiled')
    await save(compiled, folder)
    expect((await readCompiledFolder(folder)).compiled.stages).toEqual(compiled.stages)
    expect(factsOf(compiled)).toMatchObject({ stages: [{ plan: 'vanilla', multiply_adds_relative: 1 }, {}] })
  })

  it('has none under a fixed plan', () => {
    const compiled = compile(network, parsePlan('flip-2-max'))
    expect(compiled.stages).toBeUndefined()
    expect(factsOf(compiled)).not.toHaveProperty('stages')
  })
})
