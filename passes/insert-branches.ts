import { either as E } from 'fp-ts'
import {
  addLike,
  applyTransform,
  draft,
  EspalierError,
  type Graph,
  motionOf,
  type NodeId,
  printTransform,
  type Transform,
} from '../ir/index.ts'
import { siteAtOutput } from './at-output.ts'
import { factsOfKind } from './output-kinds.ts'
import type { Pass, PassProblem } from './pass.ts'
import { type PlacedOutput, type PlacedPlan, type PlacedStages, placedStages } from './placed-plan.ts'
import { comparePlaces, printPlace } from './plan.ts'
import { type DrawnSite, reducedOutput, scoresOfOutput } from './reduce-outputs.ts'
import { spellCombination } from './spell-combination.ts'

/** What the variant axis of a plan's k-th site is called. */
export const axisOf = ({ sites }: PlacedPlan, k: number): string => {
  const at = sites[k]
  const first = sites.findIndex(site => comparePlaces(site, at) === 0)
  return `${at.cut === undefined ? 'map' : 'cut'}${printPlace(at)}${first === k ? '' : `.${k}`}`
}

/** A value as a site leaves it, and the nodes before that site, which read what came before. */
interface MovedValue {
  readonly node: NodeId
  readonly before: readonly NodeId[]
}

/** A value as the network has it, and what each site on its way makes of it. */
interface PlacedValue {
  readonly plain: NodeId
  readonly moved: readonly MovedValue[]
}

/** A value as a node behind some of its sites reads it, or an output, which is behind all. */
const asRead = ({ plain, moved }: PlacedValue, reader = Number.POSITIVE_INFINITY): NodeId =>
  moved.findLast(({ before }) => !before.includes(reader))?.node ?? plain

/** Sites as an output sees them: one that moves with the image, in its own pixels. */
const seenFrom = (graph: Graph, sites: readonly DrawnSite[], { kind }: PlacedOutput, output: NodeId) =>
  factsOfKind(kind).type === 'Vector'
    ? sites
    : E.getOrElse<Transform, readonly DrawnSite[]>(transform => {
        throw new Error(`${printTransform(transform)} was placed, which cannot be undone`)
      })(E.traverseArray((site: DrawnSite) => siteAtOutput(graph, site, output))(sites))

/** Draws the nodes of one stage after those of the stages before it, with which it shares what equals theirs, and gives its reduced answers. */
const stageDrawer = (graph: Graph) => {
  const d = draft('branched')
  const known = new Map<string, NodeId>()
  /** One node of the network on these operands, copied once. */
  const copied = (id: NodeId, operands: readonly NodeId[]): NodeId => {
    const key = `${id} ${operands}`
    const node = graph.nodes[id]
    const isBranched = operands.some(operand => d.nodes[operand].variants.length > 0)
    const copy =
      known.get(key) ??
      (node.tag === 'Combine' && isBranched
        ? spellCombination(d, node.attributes, operands)
        : addLike(d, node, operands))
    known.set(key, copy)
    return copy
  }
  const draw = (plan: PlacedPlan, suffix: string): readonly NodeId[] => {
    const drawn = plan.sites.map((site, k) => ({ ...site, axis: `${axisOf(plan, k)}${suffix}` })).sort(comparePlaces)
    const values: PlacedValue[] = []
    graph.nodes.forEach((node, id) => {
      const plain = copied(
        id,
        node.operands.map(operand => asRead(values[operand], id)),
      )
      let last = plain
      const moved: MovedValue[] = []
      for (const { values, before, transforms, axis } of drawn) {
        if (!values.includes(id)) continue
        last =
          transforms.length === 1
            ? applyTransform(d, transforms[0], last)
            : d.add('Branch', [last], { axis, transforms })
        moved.push({ node: last, before })
      }
      values.push({ plain, moved })
    })
    return graph.outputs.map(({ node }, k) => {
      const output = plan.outputs[k]
      return reducedOutput(d, asRead(values[node]), output, seenFrom(graph, drawn, output, node))
    })
  }
  return { d, draw }
}

/**
 * The network with its branches: a `Branch` at each site (a site of one transform transforms without branching), a `Reduce` before each output, and before
 * that, of an output that moves with the image, an `Undo` of each branch. Of a plan of stages all of them, each answer chosen by the certainty of the first output.
 */
export const branched = (graph: Graph, plan: PlacedPlan | PlacedStages): Graph => {
  const { d, draw } = stageDrawer(graph)
  const answers = placedStages(plan).map((stage, k) => draw(stage, k === 0 ? '' : `-stage${k + 1}`))
  const gates = 'gates' in plan ? plan.gates : []
  const [first] = placedStages(plan)[0].outputs
  const chosen = gates.reduceRight<readonly NodeId[]>(
    (deeper, { measure, below }, k) => {
      const scores = scoresOfOutput(d, answers[k][0], first)
      const certainty = d.add('Certainty', [scores], { measure })
      return answers[k].map((kept, output) => d.add('Select', [certainty, kept, deeper[output]], { below }))
    },
    answers[answers.length - 1],
  )
  return d.finish(graph.outputs.map(({ name }, k) => ({ name, node: chosen[k] })))
}

const turns = (plan: PlacedPlan | PlacedStages): boolean =>
  placedStages(plan)
    .flatMap(({ sites }) => sites.flatMap(({ transforms }) => transforms))
    .some(transform => transform.kind === 'd4' && motionOf(transform.element).swap)

/** From a network to the branched network of a plan; fails where a quarter turn does not fit what follows. */
export const insertBranches = (plan: PlacedPlan | PlacedStages): Pass<'both'> => ({
  name: 'insert-branches',
  mode: 'both',
  run: ({ graph, parameters }) => {
    try {
      return E.right({
        program: { graph: branched(graph, plan), parameters },
        rewrites: { 'insert-branch': placedStages(plan).reduce((n, { sites }) => n + sites.length, 0) },
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
