import { expect, it } from 'vitest'
import { inferencePipeline, parsePlan } from '../../../passes/index.ts'
import { orThrow } from '../../../src/base/error.ts'
import { compileNetwork } from '../../../src/compile/compile.ts'
import { initialized, zoo } from '../../../src/network/zoo/index.ts'
import { graphHtml } from '../../../src/report/html.ts'
import { stageCollector } from '../../../src/report/steps.ts'
import { growth, linear } from '../../counted-work.ts'

it('the page of a network and of its passes is written in linear time', async () => {
  const writing = (blocks: number) => {
    const { stages, observe } = stageCollector()
    const network = initialized(orThrow(zoo(`preact-resnet-${6 * blocks + 2}`)), 0)
    const compiled = orThrow(
      compileNetwork(network, orThrow(parsePlan('flip-2-max')), {
        pipeline: placed => inferencePipeline(placed, 'stacked'),
        observe,
      }),
    )
    return () => graphHtml(compiled, stages)
  }
  expect(await growth(writing, 3)).toBeLessThan(linear)
})
