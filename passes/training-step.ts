import { either as E, function as F } from 'fp-ts'
import {
  type AttributesOf,
  applyTransform,
  type Draft,
  draft,
  type Graph,
  type NodeId,
  nodesWithTag,
  type Output,
  problem,
  shapeOf,
  sharedType,
  vectorType,
} from '../ir/index.ts'
import { copyForTraining, runningStatistics } from './batch-statistics.ts'
import { addGradients, continued } from './differentiate.ts'
import { axisOf } from './insert-branches.ts'
import { type Compiled, type PassProblem, runPasses } from './pass.ts'
import { stepOptimizations, trainingPipeline } from './pipeline.ts'
import { type PlacedPlan, scoreReduction } from './placed-plan.ts'
import type { TrainingReduction } from './plan.ts'
import { stackBranchesIn, type TransformVariant } from './stack-branches.ts'
import { crossEntropy, divergence, reducedScores, rightAnswers } from './training-loss.ts'

/** What of a recipe is part of every step. */
export interface StepRecipe {
  /** `none`: the criterion on every variant, averaged; else the criterion on the reduced scores. */
  readonly loss: TrainingReduction
  /** How much of each label is spread over all classes, from 0 to 1. */
  readonly labelSmoothing: number
  /** A teacher's answers to learn from: `weight` of the loss is how far the scores are from them, the rest the criterion. */
  readonly teacher?: { readonly temperature: number; readonly weight: number } | undefined
  readonly momentum: number
  readonly nesterov: boolean
  /** By the parameter’s name. */
  readonly weightDecay: (parameter: string) => number
  /** The largest length that all gradients together may have, as one vector, before weight decay; longer ones are scaled down. Default: any. */
  readonly gradientClipping?: number
  /** What running statistics take over of a batch's. */
  readonly batchNormMomentum: number
  /** Parameters that stay as they are; a normalization keeps its statistics where both are among them. */
  readonly fixed?: ReadonlySet<string> | undefined
  /** Whether all that comes before the first branch stays as it is too, so that its gradients are not computed. */
  readonly fixesShared?: boolean | undefined
}

/** Names of inputs beside the images and what is carried from step to step. */
export const labelsName = 'labels'
/** The input with the teacher's scores `[n, classes]`. */
export const teacherName = 'teacher'
/** The input with the learning rate. */
export const rateName = 'learning rate'
/** Names of outputs beside what is carried. */
export const lossName = 'loss'
/** The output with how many images were answered right. */
export const correctName = 'correct'
/** What a parameter’s velocity is carried under. */
export const velocityName = (parameter: string): string => `velocity of ${parameter}`

/**
 * One step of training as a pure graph, whose parameters are those that stay as they are. Inputs: a batch of images; their labels `[n, classes]`, one-hot or mixed; a teacher's scores, where there is one; the learning rate; a matrix `[2, 2]`
 * for each drawn transform; and what is carried from step to step, under names under which its new values are outputs. Further outputs: `loss`, and `correct`, how many images
 * the scores are right about (without any reduction: how many variants).
 */
export interface TrainingStep {
  readonly graph: Graph
  readonly images: string
  /** Trained parameters, by their names in the network. */
  readonly parameters: readonly string[]
  /** Running means and variances, by their names in the network. */
  readonly statistics: readonly string[]
  /** Parameters of the network that stay as they are: they are the graph's own. */
  readonly fixed: readonly string[]
  /** Of each parameter, as large as it is, 0 to begin with; none without momentum. */
  readonly velocities: readonly string[]
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

/** The criterion on labels, a teacher's divergence, or something between them. */
const lossOf = (
  d: Draft,
  scores: NodeId,
  labels: NodeId,
  classes: number,
  { labelSmoothing, teacher }: StepRecipe,
): NodeId => {
  const criterion = (): NodeId => crossEntropy(d, scores, labels, classes, labelSmoothing)
  if (teacher === undefined) return criterion()
  const { temperature, weight } = teacher
  const answers = d.add('Input', [], { name: teacherName, type: vectorType(classes) }, teacherName)
  const taught = divergence(d, scores, answers, classes, temperature)
  if (weight === 1) return taught
  const part = (x: NodeId, alpha: number): NodeId => d.add('Unary', [x], { fn: 'affine', alpha, beta: 0 })
  return d.add('Binary', [part(taught, weight), part(criterion(), 1 - weight)], { fn: 'add' })
}

/** The branched network with a loss and the new running statistics for outputs. */
const withLoss = (network: Graph, plan: PlacedPlan, recipe: StepRecipe, fixed: ReadonlySet<string>): Graph => {
  const d = draft('branched')
  const { nodes, running } = copyForTraining(d, network, recipe.batchNormMomentum, fixed)
  const logits = nodes[network.outputs[0].node]
  const [classes] = shapeOf(d.nodes[logits].type)
  const labels = d.add('Input', [], { name: labelsName, type: vectorType(classes) }, labelsName)
  const scores = reducedScores(d, logits, recipe.loss)
  const answer = reducedScores(d, logits, scoreReduction(plan))
  return d.finish([
    { name: lossName, node: lossOf(d, scores, labels, classes, recipe) },
    { name: correctName, node: rightAnswers(d, answer, labels) },
    ...[...running].map(([name, node]) => ({ name, node })),
  ])
}

/**
 * Stochastic gradient descent with momentum, as PyTorch defines it: `v ← momentum·v + g` and `p ← p − rate·v`, or with Nesterov's look ahead
 * `p ← p − rate·(g + momentum·v)`, where g is the gradient and `decay·p`.
 */
const descended = (
  d: Draft,
  name: string,
  value: NodeId,
  gradient: NodeId,
  rate: NodeId,
  { momentum, nesterov, weightDecay }: StepRecipe,
): readonly Output[] => {
  const binary = (fn: AttributesOf<'Binary'>['fn'], a: NodeId, b: NodeId): NodeId => d.add('Binary', [a, b], { fn })
  const times = (x: NodeId, alpha: number): NodeId => d.add('Unary', [x], { fn: 'affine', alpha, beta: 0 })
  const moved = (by: NodeId): Output => ({ name, node: binary('subtract', value, binary('multiply', by, rate)) })
  const decay = weightDecay(name)
  const g = decay === 0 ? gradient : binary('add', gradient, times(value, decay))
  if (momentum === 0) return [moved(g)]
  const velocity = velocityName(name)
  const before = d.add('Input', [], { name: velocity, type: d.nodes[value].type }, velocity)
  const now = binary('add', times(before, momentum), g)
  return [moved(nesterov ? binary('add', g, times(now, momentum)) : now), { name: velocity, node: now }]
}

/** Gradients scaled so that all together, as one vector, are no longer than `most`. */
const clipped = (d: Draft, gradients: readonly NodeId[], most: number): readonly NodeId[] => {
  const scalar = sharedType([])
  const product = (a: NodeId, b: NodeId): NodeId => d.add('Binary', [a, b], { fn: 'multiply' })
  const squares = gradients.map(g => d.add('ReduceTo', [product(g, g)], { to: scalar, reduction: 'sum' }))
  const sum = squares.reduce((a, b) => d.add('Binary', [a, b], { fn: 'add' }))
  const length = d.add('Unary', [sum], { fn: 'sqrt', alpha: 0, beta: 0 })
  // PyTorch's 1e-6, so that gradients of 0 stay what they are.
  const over = d.add('Unary', [length], { fn: 'affine', alpha: 1 / most, beta: 1e-6 / most })
  const scale = d.add('Unary', [d.add('Unary', [over], { fn: 'reciprocal', alpha: 0, beta: 0 })], {
    fn: 'clip',
    alpha: 0,
    beta: 1,
  })
  return gradients.map(g => product(g, scale))
}

/** Names that would stand for two things. */
const clashes = (names: readonly string[]): readonly PassProblem[] =>
  names
    .filter((name, k) => names.indexOf(name) !== k)
    .map(name =>
      problem('not-trainable', `parameter ${name}`, 'a name that training steps have already', 'another name'),
    )

/** The graph with descent by its loss: what it carries for outputs, beside those that it has. */
const withDescent = (
  graph: Graph,
  parameters: readonly string[],
  recipe: StepRecipe,
): Fallible<{ readonly graph: Graph; readonly velocities: readonly string[] }> => {
  const d = continued(graph)
  const inputs = new Map(
    graph.nodes.flatMap((node, id) => (node.tag === 'Input' ? [[node.attributes.name, id] as const] : [])),
  )
  const values = parameters.map(name => inputs.get(name) as NodeId)
  const loss = graph.outputs.find(({ name }) => name === lossName) as Output
  return E.flatMap((found: readonly NodeId[]) => {
    const rate = d.add('Input', [], { name: rateName, type: sharedType([]) }, rateName)
    const gradients = recipe.gradientClipping === undefined ? found : clipped(d, found, recipe.gradientClipping)
    const outputs = parameters.flatMap((name, k) => descended(d, name, values[k], gradients[k], rate, recipe))
    const all = d.finish([...graph.outputs, ...outputs])
    return E.map(({ program: { graph } }: Compiled) => ({
      graph,
      velocities: recipe.momentum === 0 ? [] : parameters.map(velocityName),
    }))(runPasses(stepOptimizations, { graph: all, parameters: new Map() }))
  })(addGradients(d, loss.node, values))
}

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

/**
 * Assembles a step from a classifier, flat and with its normalizations unfolded, and a plan placed on it without test-time augmentation: branches, their variants side by
 * side on the batch axis, loss, gradients, update. Size and time are linear in the network times its variants.
 */
export const trainingStep = (network: Graph, plan: PlacedPlan, recipe: StepRecipe): Fallible<TrainingStep> =>
  F.pipe(
    runPasses(trainingPipeline(plan), { graph: network, parameters: new Map() }),
    E.map(({ program }) => program.graph),
    E.bindTo('branched'),
    E.bind('stays', ({ branched }) => fixedBy(branched, recipe)),
    E.bind('running', ({ branched, stays }) => runningStatistics(branched, stays)),
    E.flatMap(({ branched, running, stays }) => {
      const { transformed, draws } = drawing(plan)
      const images = nodesWithTag(branched, 'Input')[0].attributes.name
      const all = parametersOf(branched)
      const fixed = all.filter(name => stays.has(name) && !running.has(name))
      const stacked = stackBranchesIn(withLoss(branched, plan, recipe, new Set(fixed)), transformed)
      const parameters = all.filter(name => !running.has(name) && !fixed.includes(name))
      const own = [
        images,
        labelsName,
        ...(recipe.teacher === undefined ? [] : [teacherName]),
        rateName,
        lossName,
        correctName,
        ...draws.keys(),
        ...parameters.map(velocityName),
      ]
      const clashing = clashes([...own, ...all])
      if (clashing.length > 0) return E.left(clashing)
      return E.map((descent: { readonly graph: Graph; readonly velocities: readonly string[] }) => ({
        ...descent,
        images,
        parameters,
        statistics: [...running],
        fixed,
        draws,
      }))(withDescent(stacked, parameters, recipe))
    }),
  )
