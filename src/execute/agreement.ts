import { either as E } from 'fp-ts'
import { evaluate, type Graph, isPerExample, renderProblems, shapeOf, sizeOf, type Tensor } from '../../ir/index.ts'
import type { Precision } from '../lower/precision.ts'
import { type Executed, type Execution, stageGraphs } from './execution.ts'
import { signatureOf } from './signature.ts'

export type Outputs = Readonly<Record<string, Tensor>>
export type SampleInputs = Readonly<Record<string, Float32Array>>

/** How far from another executor's numbers one may be, relative to the largest of an output. */
export const tolerances: { readonly [P in Precision]: number } = { float32: 1e-3, bfloat16: 0.2 }

/** A wave with a seeded roughness, most of it between −2 and 2: what preprocessed images look like. */
const imageLike = (size: number, seed: number): Float32Array => {
  let state = (seed * 2654435761 + 1) >>> 0
  return Float32Array.from({ length: size }, (_, k) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.sin(0.013 * k + seed) + 2 * (state / 2 ** 32) - 1
  })
}

/** A batch of numbers for every input, each example its own. */
export const sampleOf = ({ inputs }: Pick<Execution, 'inputs'>, batch: number): SampleInputs =>
  Object.fromEntries(
    [...inputs].map(([name, type], k) => [
      name,
      imageLike(sizeOf(shapeOf(type)) * (isPerExample(type) ? batch : 1), k + 1),
    ]),
  )

/** Of the images of one stage, how many are taken to go on to the next where an executor is chosen. */
const expectedShare = 0.4

/** Numbers for each stage: a batch for the first, and for later ones the images expected of it. */
export const samplesOf = (
  { later = [] }: Pick<Executed, 'later'>,
  first: Pick<Execution, 'inputs'>,
  batch: number,
): readonly SampleInputs[] =>
  [first, ...later.map(signatureOf)].map((inputs, stage) => sampleOf(inputs, Math.ceil(batch * expectedShare ** stage)))

/** The outputs of a stage by names that no other has, but for certainties, which follow from answers and may be next to 0. */
const named = ({ nodes, outputs }: Graph, stage: number, values: Outputs): Outputs =>
  Object.fromEntries(
    outputs.flatMap(({ name, node }) =>
      nodes[node].tag === 'Certainty' ? [] : [[stage === 0 ? name : `${name}, stage ${stage + 1}`, values[name]]],
    ),
  )

/** The outputs of all stages, each run on its sample. */
export const runSamples = async (
  executed: Pick<Executed, 'graph' | 'later'>,
  { run }: Pick<Execution, 'run'>,
  samples: readonly SampleInputs[],
): Promise<Outputs> => {
  const all: Outputs[] = []
  for (const [stage, graph] of stageGraphs(executed).entries())
    all.push(named(graph, stage, await run(samples[stage], stage)))
  return Object.assign({}, ...all)
}

const distance = (a: number, b: number): number =>
  a === b || (Number.isNaN(a) && Number.isNaN(b))
    ? 0
    : Number.isFinite(a) && Number.isFinite(b)
      ? Math.abs(a - b)
      : Infinity

/** How far numbers are from those wanted, relative to the largest finite one; more of them than wanted are passed over. */
const apartBy = (seen: ArrayLike<number>, wanted: ArrayLike<number>): number => {
  let [most, size] = [0, Number.MIN_VALUE]
  for (let k = 0; k < wanted.length; k++) {
    most = Math.max(most, distance(seen[k], wanted[k]))
    if (Number.isFinite(wanted[k])) size = Math.max(size, Math.abs(wanted[k]))
  }
  return most / size
}

/** The largest difference of two executors' outputs, or of a batch's from those of its first example alone. */
export const disagreement = (seen: Outputs, wanted: Outputs): number =>
  Object.entries(wanted).reduce((most, [name, { data }]) => Math.max(most, apartBy(seen[name].data, data)), 0)

/** The reference evaluator's outputs of each stage for the first example of its sample. @throws Error where it does not run a graph */
export const evaluatedSamples = ({ parameters, ...executed }: Executed, samples: readonly SampleInputs[]): Outputs =>
  Object.assign(
    {},
    ...stageGraphs(executed).map((graph, stage) =>
      named(graph, stage, evaluated({ graph, parameters }, signatureOf(graph), samples[stage])),
    ),
  )

/** The reference evaluator's outputs for the first example of a batch. @throws Error where it does not run the graph */
export const evaluated = (
  { graph, parameters }: Executed,
  { inputs }: Pick<Execution, 'inputs'>,
  fed: SampleInputs,
): Outputs => {
  const firsts = [...inputs].map(([name, type]): readonly [string, Tensor] => {
    const shape = shapeOf(type)
    const data = fed[name].subarray(0, sizeOf(shape))
    return [name, { shape: isPerExample(type) ? [1, ...shape] : shape, data }]
  })
  const outputs = evaluate(graph, { inputs: new Map(firsts), parameters })
  if (E.isLeft(outputs)) throw new Error(renderProblems(outputs.left))
  return Object.fromEntries(outputs.right)
}
