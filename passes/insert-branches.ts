import { either as E } from 'fp-ts'
import { addLike, applyTransform, draft, EspalierError, type Graph, motionOf, type NodeId } from '../ir/index.ts'
import type { Pass, PassProblem } from './pass.ts'
import type { PlacedPlan } from './place-plan.ts'
import { spellCombination } from './spell-combination.ts'

/** What the variant axis of a plan's k-th site is called. */
export const axisOf = ({ sites }: PlacedPlan, k: number): string => {
  const { map } = sites[k]
  return `map${map}${sites.findIndex(site => site.map === map) === k ? '' : `.${k}`}`
}

/** The network with its branches: a `Branch` at each site (a site of one transform transforms without branching), a `Reduce` before each output. */
export const branched = (graph: Graph, plan: PlacedPlan): Graph => {
  const d = draft('branched')
  const renamed = new Int32Array(graph.nodes.length)
  graph.nodes.forEach((node, id) => {
    const operands = node.operands.map(operand => renamed[operand])
    const isBranched = operands.some(operand => d.nodes[operand].variants.length > 0)
    let last: NodeId =
      node.tag === 'Combine' && isBranched ? spellCombination(d, node.attributes, operands) : addLike(d, node, operands)
    plan.sites.forEach((site, k) => {
      if (site.node !== id) return
      last =
        site.transforms.length === 1
          ? applyTransform(d, site.transforms[0], last)
          : d.add('Branch', [last], {
              axis: axisOf(plan, k),
              transforms: site.transforms,
            })
    })
    renamed[id] = last
  })
  const { reduction } = plan
  return d.finish(
    graph.outputs.map(({ name, node }) => ({
      name,
      node:
        reduction === null || d.nodes[renamed[node]].variants.length === 0
          ? renamed[node]
          : d.add('Reduce', [renamed[node]], { reduction }),
    })),
  )
}

const turns = ({ sites }: PlacedPlan): boolean =>
  sites.some(({ transforms }) =>
    transforms.some(transform => transform.kind === 'd4' && motionOf(transform.element).swap),
  )

/** From a network to the branched network of a plan; fails where a quarter turn does not fit what follows. */
export const insertBranches = (plan: PlacedPlan): Pass<'both'> => ({
  name: 'insert-branches',
  mode: 'both',
  run: ({ graph, parameters }) => {
    try {
      return E.right({
        program: { graph: branched(graph, plan), parameters },
        rewrites: { 'insert-branch': plan.sites.length },
      })
    } catch (error) {
      if (!(error instanceof EspalierError)) throw error
      return E.left(
        error.problems.map(
          p =>
            ({
              ...p,
              where: `plan ${plan.name}, at ${p.where}`,
              ...(turns(plan) ? { hint: 'quarter turns need square feature maps' } : {}),
            }) as PassProblem,
        ),
      )
    }
  },
})
