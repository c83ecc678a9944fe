import { either as E, function as F } from 'fp-ts'
import { applyTransform, type Graph, type NodeId, nodesWithTag, problem, sharedType } from '../ir/index.ts'
import { addLoss } from './add-loss.ts'
import { runningStatistics } from './batch-statistics.ts'
import { addDescent, type Descent } from './descent.ts'
import { axisOf } from './insert-branches.ts'
import { lossProblems } from './loss-problems.ts'
import { areOfClasses } from './output-kinds.ts'
import { type Compiled, type PassProblem, runPasses } from './pass.ts'
import { trainingPipeline } from './pipeline.ts'
import type { PlacedPlan } from './placed-plan.ts'
import { endingInScores } from './reduce-outputs.ts'
import { stackBranchesIn, type TransformVariant } from './stack-branches.ts'
import {
  type AdamW,
  correctionNames,
  correctName,
  labelsName,
  lossName,
  rateName,
  type StepRecipe,
  secondMomentName,
  teacherName,
  velocityName,
} from './step-recipe.ts'
import { criterionOf } from './training-loss.ts'

/**
 * One step of training as a pure graph, whose parameters are those that stay as they are. Inputs: a batch of images; of a classifier their labels `[n, classes]`, one-hot or mixed; a teacher's answers to each output, where there is one; what an output is held against that is of no class; the learning
 * rate, and of AdamW two corrections; a matrix `[2, 2]` for each drawn transform; and what is carried from step to step, under names under which its new values are outputs. Further outputs: `loss`, and of a
 * classifier `correct`, how many images the scores are right about (without any reduction: how many variants).
 */
export interface TrainingStep {
  readonly graph: Graph
  readonly images: string
  /** Whether it takes labels and counts right answers: that of a classifier does. */
  readonly labelled: boolean
  /** What it takes for targets, each shaped as the output that is held against them. */
  readonly targets: readonly string[]
  /** Trained parameters, by their names in the network. */
  readonly parameters: readonly string[]
  /** Running means and variances, by their names in the network. */
  readonly statistics: readonly string[]
  /** Parameters of the network that stay as they are: they are the graph's own. */
  readonly fixed: readonly string[]
  /** What is carried of parameters beside them, 0 to begin with: velocities, of AdamW second moments too. By their names, the parameters that they are of. */
  readonly velocities: ReadonlyMap<string, string>
  /** Of AdamW, whose steps take corrections as inputs, too. */
  readonly adamw: AdamW | undefined
  /** By the name of an input, what its matrix is drawn from. */
  readonly draws: ReadonlyMap<string, 'rotate' | 'scale'>
}

type Draws = TrainingStep['draws']
type Fallible<A> = E.Either<readonly PassProblem[], A>

/** Transforms as plans have them, or sampled by a matrix that each step is given. */
const drawing = (plan: PlacedPlan): { readonly transformed: TransformVariant; readonly draws: Draws } => {
  const kinds = new Map(plan.sites.map((site, k) => [axisOf(plan, k), site.drawn]))
  const draws = new Map<string, 'rotate' | 'scale'>()
  const matrices = new Map<string, NodeId>()
  const transformed: TransformVariant = (d, { axis, transforms }, index, x) => {
    const kind = kinds.get(axis)
    if (kind === undefined) return applyTransform(d, transforms[index], x)
    const name = `${kind} ${axis}.${index}`
    draws.set(name, kind)
    // The maps of a cut are transformed alike.
    const matrix = matrices.get(name) ?? d.add('Input', [], { name, type: sharedType([2, 2]) }, name)
    matrices.set(name, matrix)
    return d.add('Warp', [x, matrix], {})
  }
  return { transformed, draws }
}

/** Names that would stand for two things. */
const clashes = (names: readonly string[]): readonly PassProblem[] =>
  names
    .filter((name, k) => names.indexOf(name) !== k)
    .map(name =>
      problem('not-trainable', `parameter ${name}`, 'a name that training steps have already', 'another name'),
    )

/** The names of a graph's parameters, each once. */
const parametersOf = (graph: Graph): readonly string[] => [
  ...new Set(nodesWithTag(graph, 'Parameter').map(({ attributes }) => attributes.name)),
]

/** Parameters that nothing after a branch takes. */
const sharedParameters = (branched: Graph): readonly string[] => {
  const { nodes } = branched
  const after = new Set<string>()
  nodes.forEach(({ variants, operands }) => {
    if (variants.length === 0) return
    for (const operand of operands) {
      const node = nodes[operand]
      if (node.tag === 'Parameter') after.add(node.attributes.name)
    }
  })
  return parametersOf(branched).filter(name => !after.has(name))
}

/** Those that a recipe has stay as they are. Left: where nothing would be trained, or nothing spared. */
const fixedBy = (branched: Graph, { fixed = new Set(), fixesShared }: StepRecipe): Fallible<ReadonlySet<string>> => {
  const shared = fixesShared === true ? sharedParameters(branched) : []
  const all = parametersOf(branched)
  const together = new Set([...fixed, ...shared])
  const refuse = (seen: string, expected: string) =>
    E.left([
      problem('not-trainable' as const, 'what stays as it is', seen, expected, 'another plan, or names of parameters'),
    ])
  if (fixesShared === true && shared.length === 0) return refuse('no weights before the first branch', 'some')
  if (fixesShared === true && shared.length === all.length) return refuse('no branch', 'a plan that branches')
  const none = all.length > 0 && all.every(name => together.has(name))
  return none ? refuse('all parameters', 'some to train') : E.right(together)
}

/** The network with its branches; each variant's answer on its own where the loss is to reduce them, or none does. */
const branchedForLoss = (network: Graph, plan: PlacedPlan, { loss }: StepRecipe): Fallible<Graph> => {
  const apart = areOfClasses(plan.outputs) || loss === 'none'
  const outputs = apart ? plan.outputs.map(output => ({ ...output, reduction: null })) : plan.outputs
  return E.map(({ program }: Compiled) => program.graph)(
    runPasses(trainingPipeline({ ...plan, outputs }), { graph: network, parameters: new Map() }),
  )
}

/** Of a loss that is not all a teacher's. */
const targetInputs = ({ outputs }: PlacedPlan, { teacher, target }: StepRecipe): readonly string[] =>
  target === undefined || areOfClasses(outputs) || teacher?.weight === 1
    ? []
    : (criterionOf(outputs[target].kind)?.inputs ?? [])

const assembled = (network: Graph, plan: PlacedPlan, recipe: StepRecipe): Fallible<TrainingStep> =>
  F.pipe(
    branchedForLoss(network, plan, recipe),
    E.bindTo('branched'),
    E.bind('stays', ({ branched }) => fixedBy(branched, recipe)),
    E.bind('running', ({ branched, stays }) => runningStatistics(branched, stays)),
    E.flatMap(({ branched, running, stays }) => {
      const { transformed, draws } = drawing(plan)
      const images = nodesWithTag(branched, 'Input')[0].attributes.name
      const all = parametersOf(branched)
      const fixed = all.filter(name => stays.has(name) && !running.has(name))
      const stacked = stackBranchesIn(addLoss(branched, plan, recipe, new Set(fixed)), transformed)
      const parameters = all.filter(name => !running.has(name) && !fixed.includes(name))
      const targets = targetInputs(plan, recipe)
      const own = [
        images,
        labelsName,
        ...(recipe.teacher === undefined ? [] : plan.outputs.map((_, k) => teacherName(k))),
        ...targets,
        rateName,
        ...correctionNames,
        lossName,
        correctName,
        ...draws.keys(),
        ...parameters.flatMap(name => [velocityName(name), secondMomentName(name)]),
      ]
      const clashing = clashes([...own, ...all])
      if (clashing.length > 0) return E.left(clashing)
      return E.map((descent: Descent) => ({
        ...descent,
        adamw: recipe.adamw,
        images,
        labelled: areOfClasses(plan.outputs),
        targets,
        parameters,
        statistics: [...running],
        fixed,
        draws,
      }))(addDescent(stacked, parameters, recipe))
    }),
  )

/**
 * Assembles a step from a network, flat and with its normalizations unfolded, and a plan placed on it without test-time augmentation: branches, their variants side by
 * side on the batch axis, loss, gradients, update. Size and time are linear in the network times its variants. What is no classifier learns from a target of one output, or from a teacher.
 */
export const trainingStep = (network: Graph, plan: PlacedPlan, recipe: StepRecipe): Fallible<TrainingStep> => {
  const problems = lossProblems(plan, recipe)
  if (problems.length > 0) return E.left(problems)
  // Else a loss may have a logarithm of 0.
  const scored = endingInScores(network, plan)
  return assembled(scored.network, scored.plan, recipe)
}
