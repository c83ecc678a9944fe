import { strict as assert } from 'node:assert'
import fc from 'fast-check'
import { either as E } from 'fp-ts'
import { type Graph, printType } from '../../ir/index.ts'
import {
  allRules,
  type BranchPlace,
  branchPlaces,
  type Compiled,
  comparePlaces,
  dropSymmetricActs,
  evaluateConstants,
  type Forms,
  factsOfKind,
  foldBatchNorm,
  inferencePipeline,
  insertBranches,
  legalize,
  mergeConvolutions,
  mergeVariants,
  naivePipeline,
  optimizations,
  type Pass,
  type PlacedPlan,
  type Program,
  placePlan,
  printPlace,
  removeDeadNodes,
  rewritePass,
  runPasses,
  schedules,
  sharePrefix,
  sinkTransforms,
  unroll,
  upTo,
} from '../../passes/index.ts'
import { stackVariants } from '../../passes/stack-variants.ts'
import { orThrow } from '../../src/base/error.ts'
import { forms as onnxForms } from '../../src/lower/onnx/forms.ts'
import { forms as savedModelForms } from '../../src/lower/saved-model/forms.ts'
import { forms as tfjsForms } from '../../src/lower/tfjs/forms.ts'
import { arbitraryChoices, chooser } from '../arbitrary/choose.ts'
import { type Example, type ValueKind, withEnvironment } from '../arbitrary/environment.ts'
import {
  arbitraryBranchedGraph,
  arbitraryFlatGraph,
  arbitraryNetwork,
  arbitraryNetworkOfKinds,
} from '../arbitrary/graph.ts'
import { drawFlips, drawOutputs, drawPlan, turnsOffSquare } from '../arbitrary/plan.ts'
import { differentiated, sourcesOf, withLoss } from '../passes/gradient-check.ts'
import { expectAgreement } from './agreement.ts'
import { checkPass, checkPasses, type Stage, stage } from './check-pass.ts'
import { type Law, law, type Observer } from './law.ts'
import { planMeaning, probabilitiesOf } from './plan-meaning.ts'
import { carryingCut, compiledUnderStages, cutLaw, stagedLaw } from './stage-laws.ts'
import { expectStoredAlike } from './stored-once.ts'

const optimizers: readonly Pass[] = [
  removeDeadNodes,
  sharePrefix,
  foldBatchNorm,
  sinkTransforms,
  dropSymmetricActs,
  mergeVariants,
  mergeConvolutions('joined'),
  mergeConvolutions('split'),
  evaluateConstants,
]

/** What exporters do to a network before they write it. */
const importing: readonly Pass[] = [removeDeadNodes, foldBatchNorm, evaluateConstants]

const sequences = (most: number, passes = optimizers): fc.Arbitrary<readonly Pass[]> =>
  fc
    .array(fc.nat({ max: passes.length - 1 }), { minLength: 1, maxLength: most })
    .map(chosen => chosen.map(k => passes[k]))

const examples =
  (family: typeof arbitraryNetwork) =>
  (kind: ValueKind): fc.Arbitrary<Example> =>
    withEnvironment(family({ arithmetic: kind === 'integers' ? 'exact' : 'any' }), { kind })
const flat = examples(arbitraryFlatGraph)
const branched = examples(arbitraryBranchedGraph)
const networks = examples(arbitraryNetwork)

/** What has gradients, as many as of a whole network would take seconds. */
const trainedGraphs: typeof arbitraryNetwork = options => arbitraryFlatGraph({ ...options, blocks: 4 })

/** What targets have, and nothing at all. */
const targets: readonly Forms[] = [
  ...['cpu', 'wasm', 'tensorflow'].map(tfjsForms),
  ...(['kernels', 'xla'] as const).map(savedModelForms),
  onnxForms,
  {},
]

const start = ({ graph, environment: { inputs, parameters } }: Example, { graph: seen }: Observer): Stage => {
  seen(graph)
  return stage({ graph, parameters }, inputs)
}

/** A plan on a network where quarter turns fit what follows, or null. */
const placed = (
  graph: Graph,
  choices: readonly number[],
  kind: ValueKind,
  draw: typeof drawPlan = drawPlan,
): PlacedPlan | null => {
  const choose = chooser(choices)
  const plan = orThrow(placePlan(draw(choose, graph, kind === 'integers'), graph, () => choose.below(100) / 100))
  if (kind === 'integers' && turnsOffSquare(graph, plan)) return null
  const inserted = insertBranches(plan).run({ graph, parameters: new Map() })
  return E.isRight(inserted) ? plan : null
}

/** The number of each place, and what is alive there. */
const placesIn = (graph: Graph) =>
  branchPlaces(graph).map(place => [
    printPlace(place),
    ...[place.values, place.still].map(ids => ids.map(id => printType(graph.nodes[id].type)).sort()),
  ])

const compiled = (passes: readonly Pass[], program: Program): Compiled => orThrow(runPasses(passes, program))

const planned = (kind: ValueKind) =>
  fc.record({
    example: networks(kind),
    choices: arbitraryChoices(40),
    schedule: fc.constantFrom(...schedules),
    /** Any plan, or one that leaves mirror images to merge. */
    draw: fc.constantFrom(drawPlan, drawFlips),
  })

const eachAlone: (passes: readonly Pass[]) => Parameters<typeof law<Example>>[2] =
  passes => (example, kind, observer) => {
    const before = start(example, observer)
    for (const pass of passes) checkPass(pass, before, kind, observer.fired)
  }

/** A pass keeps its promises on graphs of the dialect that it takes. */
export const passLaw = (pass: Pass): Law => law(pass.name, pass.name === 'unroll' ? branched : flat, eachAlone([pass]))

/** Every law of the passes, over generated graphs, plans, and pass sequences. */
export const laws: readonly Law[] = [
  law('each pass alone, on flat graphs', flat, eachAlone([...optimizers, stackVariants])),
  law('each pass alone, on branched graphs', branched, eachAlone([...optimizers, unroll])),
  law(
    'forms that each target has, on flat graphs',
    kind => fc.record({ example: flat(kind), target: fc.constantFrom(...targets) }),
    ({ example, target }, kind, observer) => {
      checkPass(legalize(target), start(example, observer), kind, observer.fired)
    },
  ),
  law(
    'forms that each target has, of the gradients of flat graphs',
    kind => fc.record({ example: examples(trainedGraphs)(kind), target: fc.constantFrom(...targets) }),
    ({ example: { graph, environment }, target }, kind, observer) => {
      const loss = withLoss(graph, false)
      const gradients = differentiated(loss, sourcesOf(loss))
      checkPass(legalize(target), start({ graph: gradients, environment }, observer), kind, observer.fired)
    },
  ),
  law(
    'passes in any order, on flat graphs',
    kind => fc.record({ example: flat(kind), passes: sequences(6) }),
    ({ example, passes }, kind, observer) => {
      checkPasses(passes, start(example, observer), kind, observer.fired)
    },
  ),
  law(
    'any rules as one pass, with any fuel, on flat graphs',
    kind =>
      fc.record({
        example: flat(kind),
        rules: fc.subarray([...allRules], { minLength: 1 }),
        fuel: fc.constantFrom(Number.POSITIVE_INFINITY, 1, 3, 10),
      }),
    ({ example, rules, fuel }, kind, observer) => {
      const pass = rewritePass('some-rules', rules)
      const fueled: Pass = { ...pass, run: program => pass.run(program, upTo(fuel)) }
      checkPass(fueled, start(example, observer), kind, observer.fired)
    },
  ),
  law(
    'any pass with any fuel, on unrolled graphs',
    kind =>
      fc.record({
        example: branched(kind),
        before: sequences(3),
        pass: fc.constantFrom(...optimizers, stackVariants),
        fuel: fc.constantFrom(0, 1, 2, 4, 8),
      }),
    ({ example, before, pass, fuel }, kind, observer) => {
      const { graph, environment } = example
      const { program } = compiled([unroll, ...before], { graph, parameters: environment.parameters })
      let rewrites = 0
      const fueled: Pass = {
        ...pass,
        name: 'some-rewrites',
        run: program => pass.run(program, () => ++rewrites <= fuel),
      }
      checkPass(
        fueled,
        start({ graph: program.graph, environment: { ...environment, parameters: program.parameters } }, observer),
        kind,
      )
    },
  ),
  law(
    'passes in any order before and after unrolling, on branched graphs',
    kind => fc.record({ example: branched(kind), before: sequences(3), after: sequences(4) }),
    ({ example, before, after }, kind, observer) => {
      checkPasses([...before, unroll, ...after], start(example, observer), kind, observer.fired)
    },
  ),
  law(
    'the pipeline, on networks under plans, which store what the network stores',
    planned,
    ({ example, choices, schedule, draw }, kind, observer) => {
      const { graph, environment } = example
      const plan = placed(graph, choices, kind, draw)
      if (plan === null) return
      const [insert, ...rest] = inferencePipeline(plan, schedule)
      const { program } = compiled([insert], { graph, parameters: environment.parameters })
      const before = start({ ...example, graph: program.graph }, observer)
      const answer = probabilitiesOf([...before.values.values()][0])
      expectAgreement(answer, planMeaning(graph, plan, environment), 'rounding')
      const after = checkPasses(rest, before, kind, observer.fired)
      observer.fired({ [`schedule ${schedule}`]: 1 })
      if (schedule !== 'apart' && schedule !== 'stacked') return
      const alone = compiled(optimizations('apart'), { graph, parameters: environment.parameters }).program
      expectStoredAlike(after.program.parameters, alone.parameters)
    },
  ),
  law(
    'the pipeline, on networks of every kind of output',
    kind =>
      fc.record({
        example: examples(arbitraryNetworkOfKinds)(kind),
        choices: arbitraryChoices(40),
        schedule: fc.constantFrom(...schedules),
        draw: fc.constantFrom(drawPlan, drawFlips),
      }),
    ({ example: { graph, environment }, choices, schedule, draw }, kind, observer) => {
      const choose = chooser(choices)
      const outputs = drawOutputs(choose, graph)
      const { reductions } = factsOfKind(outputs[0].kind)
      const inference = choose.pick(reductions.filter(name => factsOfKind(outputs[1].kind).reductions.includes(name)))
      const drawn = draw(choose, graph, kind === 'integers')
      const plan = placePlan({ ...drawn, inference }, graph, () => choose.below(100) / 100, outputs)
      if (E.isLeft(plan)) {
        if (draw === drawFlips) throw new Error(JSON.stringify(plan.left))
        return
      }
      if (kind === 'integers' && turnsOffSquare(graph, plan.right)) return
      const inserted = insertBranches(plan.right).run({ graph, parameters: environment.parameters })
      if (E.isLeft(inserted)) return
      const [, ...rest] = inferencePipeline(plan.right, schedule)
      checkPasses(rest, start({ graph: inserted.right.program.graph, environment }, observer), kind, observer.fired)
    },
  ),
  law(
    'convolutions that a branch of flips makes read one map are merged, on networks',
    planned,
    ({ example, choices, schedule }, kind, observer) => {
      const { graph, environment } = example
      const plan = placed(graph, choices, kind, drawFlips)
      if (plan === null) return
      const flat = [...naivePipeline(plan), sharePrefix, sinkTransforms, sharePrefix]
      const { program } = compiled(flat, { graph, parameters: environment.parameters })
      const before = start({ ...example, graph: program.graph }, observer)
      checkPasses([mergeConvolutions(schedule === 'apart' ? 'joined' : 'split')], before, kind, observer.fired)
    },
  ),
  law(
    'feature maps, cuts and plans are the same on a network whose batch norm is folded',
    kind => fc.record({ plan: planned(kind), passes: sequences(4, importing) }),
    ({ plan: { example, choices }, passes }, kind, observer) => {
      const { graph, environment } = example
      const plan = placed(graph, choices, kind)
      if (plan === null) return
      const optimized = compiled(passes, { graph, parameters: environment.parameters }).program
      const places = branchPlaces(optimized.graph)
      assert.deepEqual(placesIn(optimized.graph), placesIn(graph))
      const sites = plan.sites.map(site => {
        const place = places.find(other => comparePlaces(other, site) === 0) as BranchPlace
        return { ...site, values: place.values, before: place.before }
      })
      const [one, other] = [
        { program: { graph, parameters: environment.parameters }, plan },
        { program: optimized, plan: { ...plan, sites } },
      ].map(({ program, plan }) => {
        const { graph, parameters } = compiled(naivePipeline(plan), program).program
        return start({ graph, environment: { ...environment, parameters } }, observer).values
      })
      for (const [name, value] of one) expectAgreement(other.get(name) as never, value, 'float32')
    },
  ),
  cutLaw(carryingCut),
  stagedLaw('each pass alone, on staged graphs', [...optimizers, stackVariants]),
  compiledUnderStages,
]
