import { either as E } from 'fp-ts'
import { evaluate, type Graph, nodesWithTag, renderProblems, sizeOf, type Tensor } from '../../../ir/index.ts'
import { random } from '../../../src/base/random.ts'
import { Disagreement } from '../format.ts'

/** A graph with the values of its parameters. */
export interface Meaningful {
  readonly graph: Graph
  readonly parameters: ReadonlyMap<string, Tensor>
}

/** How far values computed otherwise may be apart, relative to the largest. */
const tolerance = 1e-4

/** Images for every input of a graph, the same for the same names. */
export const inputsOf = (graph: Graph, n: number): ReadonlyMap<string, Tensor> =>
  new Map(
    nodesWithTag(graph, 'Input').map(({ attributes: { name, type } }) => {
      const own = type.kind === 'Map' ? [type.h, type.w, type.c] : type.kind === 'Vector' ? [type.c] : type.shape
      const shape = type.kind === 'Shared' ? own : [n, ...own]
      const draw = random(0, name)
      return [name, { shape, data: Float32Array.from({ length: sizeOf(shape) }, draw.normal) }]
    }),
  )

/** The first output of a graph. @throws Error where it has no value */
export const firstOutput = ({ graph, parameters }: Meaningful, inputs: ReadonlyMap<string, Tensor>): Tensor => {
  const values = evaluate(graph, { inputs, parameters })
  if (E.isLeft(values)) throw new Error(`no value: ${renderProblems(values.left)}`)
  return values.right.get(graph.outputs[0].name) as Tensor
}

const allFinite = ({ data }: Tensor): boolean => data.every(Number.isFinite)

const distance = (seen: ArrayLike<number>, wanted: ArrayLike<number>): number => {
  let [furthest, largest] = [0, 1e-3]
  for (let i = 0; i < wanted.length; i++) {
    furthest = Math.max(furthest, Number.isFinite(seen[i]) ? Math.abs(seen[i] - wanted[i]) : Number.POSITIVE_INFINITY)
    largest = Math.max(largest, Math.abs(wanted[i]))
  }
  return furthest / largest
}

const nudged = ({ shape, data }: Tensor, name: string): Tensor => {
  const draw = random(1, name)
  return { shape, data: Float64Array.from(data, v => v * (1 + 1e-6 * draw.normal())) }
}

/** Values so large or small that they leave float32 on the way. */
const extreme = ({ parameters }: Meaningful): boolean =>
  [...parameters.values()].some(({ data }) =>
    data.some(v => !Number.isFinite(v) || Math.abs(v) > 1e9 || (v !== 0 && Math.abs(v) < 1e-9)),
  )

/** Whether a rounding anywhere already moves an answer as far as this. */
const illConditioned = (
  program: Meaningful,
  inputs: ReadonlyMap<string, Tensor>,
  wanted: Tensor,
  apart: number,
): boolean => {
  const moved = firstOutput(
    {
      graph: program.graph,
      parameters: new Map([...program.parameters].map(([name, value]) => [name, nudged(value, name)])),
    },
    new Map([...inputs].map(([name, value]) => [name, nudged(value, name)])),
  )
  return distance(moved.data, wanted.data) * 10 > apart
}

/** Compares answers with what a program means. @throws Disagreement where they differ by more than roundings can explain */
export const expectAgreement = (
  what: string,
  seen: { readonly shape: readonly number[]; readonly data: ArrayLike<number> },
  program: Meaningful,
  inputs: ReadonlyMap<string, Tensor>,
  wanted: Tensor = firstOutput(program, inputs),
): void => {
  if (seen.shape.join() !== wanted.shape.join())
    throw new Disagreement(`${what}: shape [${seen.shape}], not [${wanted.shape}]`)
  if (!allFinite(wanted)) return
  const apart = distance(seen.data, wanted.data)
  if (apart <= tolerance || extreme(program) || illConditioned(program, inputs, wanted, apart)) return
  throw new Disagreement(`${what}: values ${apart.toPrecision(2)} of the largest apart`)
}
