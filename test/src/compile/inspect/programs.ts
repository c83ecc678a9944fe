import { builder, type Graph, mapType } from '../../../../ir/index.ts'
import {
  allRules,
  insertBranches,
  type Pass,
  parseFixedPlan,
  placePlan,
  type Rule,
  rewritePass,
  sinkTransforms,
} from '../../../../passes/index.ts'
import { orThrow } from '../../../../src/base/error.ts'
import { random } from '../../../../src/base/random.ts'
import {
  defaultTolerance,
  seededInputs,
  seededParameters,
  type Trial,
  trialOf,
} from '../../../../src/compile/inspect/index.ts'
import { zoo } from '../../../../src/network/zoo/index.ts'
import { wrongRules } from '../../../laws/mutants.ts'

/** A rule with a mistake, by the words that name it. */
export const wrongRule = (mistake: string): Rule => {
  const found = wrongRules.find(([name]) => name === mistake)
  if (found === undefined) throw new Error(`no mistake ${mistake}`)
  return found[1]
}

/** `sink-transforms` with one of its rules replaced. */
export const sinkWith = (rule: Rule): Pass => {
  const sinks = allRules.filter(({ name }) => /^(sink|fuse|drop|compose)/.test(name) && name !== 'drop-mean-of-one')
  return rewritePass(
    sinkTransforms.name,
    sinks.map(right => (right.name === rule.name ? rule : right)),
  )
}

/** A zoo network with the branches of a plan, on seeded values. */
export const branchedTrial = (network: string, planText: string): Trial => {
  const { graph } = orThrow(zoo(network))
  const placed = orThrow(placePlan(orThrow(parseFixedPlan(planText)), graph, random(0, 'plan').next))
  const { program } = orThrow(insertBranches(placed).run({ graph, parameters: seededParameters(graph, 0) }))
  return orThrow(trialOf(program, seededInputs(program.graph, 0, 1), defaultTolerance))
}

/** Residual blocks over a small image, of which one begins with a flip: some sixty nodes. */
export const longGraph = (): Graph => {
  const b = builder()
  let x = b.input('image', mapType(6, 6, 2))
  for (let block = 0; block < 10; block++) {
    const from = block === 5 ? b.act('flip', x) : x
    const y = b.conv2d(from, b.parameter(`w${block}`, [3, 3, 2, 2]), { padding: 1, name: `block${block}.conv` })
    const z = b.add(b.unary('tanh', y), b.parameter(`b${block}`, [2]))
    x = b.add(block === 5 ? b.act('flip', z) : z, x, `block${block}`)
  }
  return b.finish({ logits: b.dense(b.globalPool(x), b.parameter('fc', [2, 3])) })
}
