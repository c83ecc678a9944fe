import fc from 'fast-check'
import { either as E } from 'fp-ts'
import { type Environment, type Graph, shapeOf, type Tensor, verify } from '../../ir/index.ts'
import {
  cutStages,
  inferencePipeline,
  joinStages,
  type Pass,
  type PlacedStages,
  placeStages,
  type Stage,
  schedules,
} from '../../passes/index.ts'
import { orThrow } from '../../src/base/error.ts'
import { arbitraryChoices, chooser } from '../arbitrary/choose.ts'
import { type Example, type ValueKind, withEnvironment } from '../arbitrary/environment.ts'
import { arbitraryNetwork, arbitraryStagedGraph } from '../arbitrary/graph.ts'
import { drawStages, turnsOffSquare } from '../arbitrary/plan.ts'
import { expectAgreement, expectSameInterface, expectSameValues, valuesOf } from './agreement.ts'
import { checkPass, checkPasses, stage } from './check-pass.ts'
import { type Law, law } from './law.ts'
import { probabilitiesOf, stagesMeaning } from './plan-meaning.ts'
import { rowsOf, runStages } from './run-stages.ts'

/** The law on one in so many of the graphs that are asked for: each is run several times. */
const onFewer = (times: number, { name, broken }: Law): Law => ({
  name,
  broken: (kind, graphs, ...rest) => broken(kind, Math.ceil(graphs / times), ...rest),
})

/** As far as sums in another order or in float32 move a certainty. */
const reach = 1e-3

/**
 * Whether rounding could send an image elsewhere: its certainty stands next to a threshold that a certainty can be on either side of. Of one class each is 1,
 * and none is below 0.
 */
export const nearThreshold = (graph: Graph, environment: Environment): boolean => {
  const gates = graph.nodes.flatMap(node => {
    if (node.tag !== 'Select') return []
    const { below } = node.attributes
    const [logits] = graph.nodes[node.operands[0]].operands
    const [classes] = shapeOf(graph.nodes[logits].type)
    return classes > 1 && below > 0 && below <= 1 ? [{ node: node.operands[0], below }] : []
  })
  const outputs = gates.map(({ node }, k) => ({ name: `${k}`, node }))
  const certainties = outputs.length === 0 ? new Map() : valuesOf({ ...graph, outputs }, environment)
  return gates.some(({ below }, k) =>
    (certainties.get(`${k}`) as Tensor).data.some(certainty => Math.abs(certainty - below) < reach),
  )
}

const staged = (kind: ValueKind): fc.Arbitrary<Example> =>
  withEnvironment(arbitraryStagedGraph({ arithmetic: kind === 'integers' ? 'exact' : 'any' }), { kind })

/** The batch of these images, in this order. */
const batchOf = ({ inputs, parameters }: Environment, images: readonly number[]): Environment => ({
  inputs: new Map([...inputs].map(([name, value]) => [name, rowsOf(value, images)])),
  parameters,
})

const batchSize = ({ inputs }: Environment): number => [...inputs.values()][0].shape[0]

/** The same with a first image of which a pixel is no number. */
const spoiled = ({ inputs, parameters }: Environment): Environment => ({
  inputs: new Map(
    [...inputs].map(([name, { shape, data }]) => [
      name,
      { shape, data: data.map((x, i) => (i === 0 ? Number.NaN : x)) },
    ]),
  ),
  parameters,
})

/** Stages run one after another give what their graph gives: to the bit, whatever else is in the batch, in any order, and where a pixel is no number. */
const expectStages = (cut: (graph: Graph) => readonly Stage[], graph: Graph, environment: Environment): void => {
  const stages = cut(graph)
  for (const { graph } of stages) orThrow(verify(graph))
  const joined = joinStages(stages)
  orThrow(verify(joined))
  expectSameInterface(joined, graph)
  for (const at of [environment, spoiled(environment)]) {
    const values = valuesOf(graph, at)
    expectSameValues(valuesOf(joined, at), values, 'exact')
    expectSameValues(runStages(stages, at), values, 'exact')
    const backwards = [...Array(batchSize(at)).keys()].reverse()
    for (const images of [backwards, ...backwards.map(image => [image])]) {
      const own = new Map([...values].map(([name, value]) => [name, rowsOf(value, images)]))
      expectSameValues(runStages(stages, batchOf(at, images)), own, 'exact')
    }
  }
}

/** A cut that carries what usual costs would compute anew: nothing is large in drawn graphs. */
export const carryingCut = (graph: Graph): readonly Stage[] =>
  cutStages(graph, { carry: 8, keep: 12, gather: 8, compute: 4 })

/** What a cut into stages promises. */
export const cutLaw = (cut: (graph: Graph) => readonly Stage[]): Law =>
  onFewer(
    3,
    law('stages one after another, on staged graphs', staged, ({ graph, environment }, _, observer) => {
      observer.graph(graph)
      expectStages(cut, graph, environment)
      observer.fired({ [`cut into ${cutStages(graph).length}`]: 1 })
    }),
  )

/** Passes keep what they promise on graphs of stages: one of them on each. */
export const stagedLaw = (name: string, passes: readonly Pass[]): Law =>
  law(
    name,
    kind => fc.record({ example: staged(kind), pass: fc.constantFrom(...passes) }),
    ({ example: { graph, environment }, pass }, kind, observer) => {
      observer.graph(graph)
      const { inputs, parameters } = environment
      if (!nearThreshold(graph, environment))
        checkPass(pass, stage({ graph, parameters }, inputs), kind, observer.fired)
    },
  )

/** What works on each stage alone, by a name under which it may cost more. */
const inStages = (pass: Pass): Pass =>
  ['merge-convolutions', 'stack-variants'].includes(pass.name) ? { ...pass, name: `${pass.name} in stages` } : pass

/** An adaptive plan means what docs/plans.md says, before and after every pass, and stage by stage. */
export const compiledUnderStages: Law = onFewer(
  8,
  law(
    'the pipeline, on networks under adaptive plans',
    kind =>
      fc.record({
        example: withEnvironment(arbitraryNetwork({ arithmetic: kind === 'integers' ? 'exact' : 'any', blocks: 5 }), {
          kind,
        }),
        choices: arbitraryChoices(60),
        schedule: fc.constantFrom(...schedules),
      }),
    ({ example: { graph, environment }, choices, schedule }, kind, observer) => {
      const choose = chooser(choices)
      const plan = orThrow(
        placeStages(drawStages(choose, graph, kind === 'integers'), graph, () => () => choose.below(100) / 100),
      ) as PlacedStages
      const { inputs, parameters } = environment
      const [insert, ...rest] = inferencePipeline(plan, schedule)
      const inserted = insert.run({ graph, parameters })
      // A quarter turn may not fit what follows, or round where it did not.
      if (E.isLeft(inserted) || (kind === 'integers' && plan.stages.some(own => turnsOffSquare(graph, own)))) return
      const { program } = inserted.right
      if (nearThreshold(program.graph, environment)) return
      observer.graph(program.graph)
      const before = stage(program, inputs)
      const answer = probabilitiesOf([...before.values.values()][0])
      expectAgreement(answer, stagesMeaning(graph, plan, environment), 'rounding')
      const after = checkPasses(rest.map(inStages), before, kind, observer.fired)
      expectStages(cutStages, after.program.graph, { inputs, parameters: after.program.parameters })
      observer.fired({ 'adaptive plan compiled': 1 })
    },
  ),
)
