import { either as E } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import { builder, type Environment, type Graph, mapType, renderProblems, shapeOf, type Tensor } from '../../ir/index.ts'
import {
  countedName,
  factsOfKind,
  type NetworkOutput,
  type OutputKind,
  outputKindNames,
  type PlacedPlan,
  placePlan,
  type StepRecipe,
  targetName,
  teacherName,
  trainingStep,
} from '../../passes/index.ts'
import { branched } from '../../passes/insert-branches.ts'
import { orThrow } from '../../src/base/error.ts'
import { fixedPlanOf } from '../fixed-plan.ts'
import { valuesOf } from '../laws/agreement.ts'
import { networkOf, pairs } from './answering-network.ts'
import { environmentFor, evaluated, goesDown } from './step-descent.ts'

const temperature = 2
const recipe: StepRecipe = {
  loss: 'sum',
  labelSmoothing: 0,
  teacher: { temperature, weight: 1 },
  momentum: 0,
  nesterov: false,
  weightDecay: () => 0,
  batchNormMomentum: 0.1,
}

const placed = (graph: Graph, plan: string, outputs: readonly NetworkOutput[]): PlacedPlan =>
  orThrow(placePlan(fixedPlanOf(plan), graph, () => 0.5, outputs))

type Row = readonly number[]

const sum = (values: Row): number => values.reduce((a, b) => a + b, 0)
const softmax = (row: Row): Row => row.map(x => Math.exp(x) / sum(row.map(Math.exp)))
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x))
const unit = (row: Row): Row => row.map(x => x / Math.hypot(...row))

/** Of two answers, of an example or of one of its pixels, scores where the kind has them: how far one is from the other. */
const apart = (kind: OutputKind, own: Row, taught: Row): number => {
  const { probabilities } = factsOfKind(kind)
  const at = (row: Row): Row => row.map(x => x / temperature)
  if (probabilities === 'softmax') {
    const [q, p] = [softmax(at(own)), softmax(at(taught))]
    return temperature ** 2 * sum(p.map((x, i) => x * Math.log(x / q[i])))
  }
  if (probabilities === 'sigmoid') {
    const [q, p] = [at(own).map(sigmoid), at(taught).map(sigmoid)]
    const each = p.map((x, i) => x * Math.log(x / q[i]) + (1 - x) * Math.log((1 - x) / (1 - q[i])))
    return (temperature ** 2 * sum(each)) / each.length
  }
  const [a, b] = kind === 'embedding' ? [unit(own), unit(taught)] : [own, taught]
  return sum(a.map((x, i) => (x - b[i]) ** 2)) / (kind === 'embedding' ? 1 : a.length)
}

const rowsOf = ({ shape, data }: Tensor): readonly Row[] => {
  const c = shape.at(-1) as number
  return Array.from({ length: data.length / c }, (_, k) => [...data.slice(k * c, (k + 1) * c)])
}

const scoresOf = (kind: OutputKind, gives: NetworkOutput['gives'], row: Row): Row => {
  if (gives !== 'probabilities') return row
  return factsOfKind(kind).probabilities === 'softmax' ? row.map(Math.log) : row.map(p => Math.log(p / (1 - p)))
}

/** How far a branched network's answers are from a teacher's, over examples and pixels. */
const distance = (graph: Graph, plan: PlacedPlan, environment: Environment): number => {
  const { inputs } = environment
  const answers = valuesOf(branched(graph, plan), { inputs, parameters: inputs })
  return sum(
    plan.outputs.map(({ kind, gives }, k) => {
      const own = rowsOf(answers.get(graph.outputs[k].name) as Tensor)
      const taught = rowsOf(inputs.get(teacherName(k)) as Tensor)
      return sum(own.map((row, i) => apart(kind, scoresOf(kind, gives, row), taught[i]))) / own.length
    }),
  )
}

const mean = (values: Row): number => sum(values) / values.length

/** What an answer, of an example or of one of its pixels, costs by its target: scores where the kind has them. */
const criteria: Partial<Record<OutputKind, (own: Row, target: Row, counted: Row) => number>> = {
  'map-classes': (own, target) => -sum(softmax(own).map((q, i) => target[i] * Math.log(q))),
  labels: (own, target, counted) =>
    mean(own.map((x, i) => -target[i] * Math.log(sigmoid(x)) - (counted[i] - target[i]) * Math.log(1 - sigmoid(x)))),
  values: (own, target) => mean(own.map((x, i) => (x - target[i]) ** 2)),
}
criteria['map-labels'] = criteria.labels
criteria['map-values'] = criteria.values

/** What a branched network's reduced answer costs by its target. */
const costByTarget = (graph: Graph, plan: PlacedPlan, { inputs }: Environment): number => {
  const answers = valuesOf(branched(graph, plan), { inputs, parameters: inputs })
  const [{ kind, gives }] = plan.outputs
  const own = rowsOf(answers.get('y') as Tensor).map(row => scoresOf(kind, gives, row))
  const target = rowsOf(inputs.get(targetName) as Tensor)
  const counted = inputs.has(countedName) ? rowsOf(inputs.get(countedName) as Tensor) : target
  return mean(own.map((row, i) => (criteria[kind] as NonNullable<typeof criteria.labels>)(row, target[i], counted[i])))
}

const outputOf = (kind: OutputKind, gives: NetworkOutput['gives']): NetworkOutput => ({
  name: 'y',
  kind,
  ...(gives === undefined ? {} : { gives }),
  ...(kind === 'heatmaps' ? { pairs } : {}),
})

const kinds: readonly (readonly [OutputKind, NetworkOutput['gives']])[] = outputKindNames
  .filter(kind => kind !== 'classes')
  .flatMap((kind): readonly (readonly [OutputKind, NetworkOutput['gives']])[] =>
    factsOfKind(kind).probabilities === undefined
      ? [[kind, undefined]]
      : [
          [kind, 'scores'],
          [kind, 'probabilities'],
        ],
  )

const plans = [
  'vanilla',
  'flip-1-mean',
  '{id,flip,flipv}@0:mean',
  '{id,shift(0,1)}@1:mean',
  'flip@0,{id,rotate(10)}@2:mean',
]

describe('a step of a network that is no classifier', () => {
  describe.each(kinds)('%s, %s', (kind, gives) => {
    const graph = networkOf(kind, gives)
    const output = outputOf(kind, gives)

    it.each(plans)('under %s has for a loss how far its reduced answer is from a teacher’s, and goes down it', name => {
      const plan = placed(graph, name, [output])
      const step = orThrow(trainingStep(graph, plan, recipe))
      expect(step.labelled).toBe(false)
      expect(step.graph.outputs.map(({ name }) => name)).not.toContain('correct')
      const environment = environmentFor(step)
      expect(evaluated(step, environment)('loss')[0]).toBeCloseTo(distance(graph, plan, environment), 6)
      goesDown(step)
    })

    if (kind in criteria)
      it.each(plans)('under %s has for a loss what it is held against, and goes down it', name => {
        const plan = placed(graph, name, [output])
        const step = orThrow(trainingStep(graph, plan, { ...recipe, teacher: undefined, target: 0 }))
        const environment = environmentFor(step)
        expect(evaluated(step, environment)('loss')[0]).toBeCloseTo(costByTarget(graph, plan, environment), 6)
        goesDown(step)
      })
    else
      it('is refused without a teacher', () => {
        const step = trainingStep(graph, placed(graph, 'vanilla', [output]), {
          ...recipe,
          teacher: undefined,
          target: 0,
        })
        expect(E.isLeft(step) && renderProblems(step.left)).toContain('nothing that a loss holds them against')
      })

    it.each(factsOfKind(kind).reductions)('goes down its loss under %s', reduction => {
      goesDown(orThrow(trainingStep(graph, placed(graph, `{id,flip,rot180}@1:${reduction}`, [output]), recipe)))
    })

    it('has under none the mean of what each variant’s loss is', () => {
      const plan = placed(graph, '{id,flip}@1:none:mean', [output])
      const step = orThrow(trainingStep(graph, plan, { ...recipe, loss: 'none' }))
      const environment = environmentFor(step)
      const alone = ['id', 'flip'].map(transform =>
        distance(graph, placed(graph, `{${transform}}@1:mean`, [output]), environment),
      )
      expect(evaluated(step, environment)('loss')[0]).toBeCloseTo(sum(alone) / 2, 6)
      goesDown(step)
    })
  })

  const several = (): { readonly graph: Graph; readonly outputs: readonly NetworkOutput[] } => {
    const b = builder()
    const body = b.relu(b.conv2d(b.input('image', mapType(6, 6, 2)), b.parameter('a', [3, 3, 2, 3]), { padding: 1 }))
    const mask = b.softmax(b.conv2d(body, b.parameter('m', [1, 1, 3, 2])))
    const pooled = b.globalPool(body)
    const ages = b.dense(pooled, b.parameter('v', [3, 2]))
    const classes = b.dense(pooled, b.parameter('c', [3, 4]))
    return {
      graph: b.finish({ classes, mask, ages }),
      outputs: [
        { name: 'classes', kind: 'classes', gives: 'scores' },
        { name: 'mask', kind: 'map-classes', gives: 'probabilities' },
        { name: 'ages', kind: 'values', reduction: 'median' },
      ],
    }
  }

  it('learns all outputs, each reduced by its own', () => {
    const { graph, outputs } = several()
    const plan = placed(graph, '{id,flip,flipv}@1:geo', outputs)
    const step = orThrow(trainingStep(graph, plan, recipe))
    const taught = step.graph.nodes.flatMap(node =>
      node.tag === 'Input' && node.attributes.name.startsWith('teacher')
        ? [[node.attributes.name, shapeOf(node.type)]]
        : [],
    )
    expect(taught).toEqual([
      ['teacher', [4]],
      ['teacher 2', [6, 6, 2]],
      ['teacher 3', [2]],
    ])
    const environment = environmentFor(step)
    expect(evaluated(step, environment)('loss')[0]).toBeCloseTo(distance(graph, plan, environment), 6)
    goesDown(step)
  })

  it('learns one output from its target and all from a teacher', () => {
    const { graph, outputs } = several()
    const plan = placed(graph, '{id,flip}@1:mean', outputs)
    const both = orThrow(trainingStep(graph, plan, { ...recipe, teacher: { temperature, weight: 0.25 }, target: 2 }))
    expect(both.targets).toEqual([targetName])
    const environment = environmentFor(both)
    const { inputs } = environment
    const [own] = [valuesOf(branched(graph, plan), { inputs, parameters: inputs }).get('ages') as Tensor]
    const target = inputs.get(targetName) as Tensor
    const error = mean(Array.from(own.data, (x, i) => (x - target.data[i]) ** 2))
    const wanted = 0.25 * distance(graph, plan, environment) + 0.75 * error
    expect(evaluated(both, environment)('loss')[0]).toBeCloseTo(wanted, 6)
    goesDown(both)
  })

  it.each<readonly [string, Partial<StepRecipe>, RegExp]>([
    ['vanilla', { teacher: undefined }, /output classes.*nothing that a loss holds them against/],
    ['vanilla', { teacher: { temperature: 1, weight: 0.5 } }, /a teacher that is all of the loss/],
    ['vanilla', { teacher: undefined, target: 2 }, /output classes .*, mask .*no target beside that of ages/],
    ['rotate@0:mean', {}, /output mask: .*drawn anew/],
    ['{id,shift(0,1)}@1:none:mean', { loss: 'none' }, /leave pixels without an answer/],
  ])('is refused under %s where it cannot learn so', (name, differing, why) => {
    const { graph, outputs } = several()
    const step = trainingStep(graph, placed(graph, name, outputs.slice()), { ...recipe, ...differing })
    expect(E.isLeft(step) && renderProblems(step.left)).toMatch(why)
  })
})
