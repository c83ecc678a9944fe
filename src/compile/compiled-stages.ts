import { type Graph, shapeOf, sizeOf } from '../../ir/index.ts'
import {
  broughtTo,
  cutStages,
  type Gate,
  multiplyAdds,
  type PlacedPlan,
  type PlacedStages,
  placedStages,
} from '../../passes/index.ts'

/** A value that an image brings to a stage, of so many numbers. */
export interface BroughtValue {
  readonly name: string
  readonly numbers: number
}

/** A stage of an adaptive plan: its plan, and what it computes of an image that comes so far. */
export interface CompiledStage {
  readonly plan: string
  /** Of this stage alone; `relative` to the plain network. */
  readonly multiplyAdds: { readonly total: number; readonly relative: number }
  /** What comes with an image: to the first stage the image itself, to later ones also what earlier ones made of it. */
  readonly brought: readonly BroughtValue[]
  /** What an answer must show to be the last. Absent from the last stage. */
  readonly gate?: Gate
  /** Of the images that the thresholds were chosen on, the part that reached it, where that is known. */
  readonly share?: number
}

/** Stages that remember what part of the images reached each. */
export const remembering = (
  stages: readonly CompiledStage[] | undefined,
  shares: readonly number[] | undefined,
): readonly CompiledStage[] | undefined =>
  shares === undefined ? stages : stages?.map((stage, k) => ({ ...stage, share: shares[k] }))

/** What each stage of a graph computes, beside the plain network; undefined of a fixed plan. */
export const compiledStages = (
  graph: Graph,
  placed: PlacedPlan | PlacedStages,
  plain: number,
): readonly CompiledStage[] | undefined => {
  if (!('gates' in placed)) return undefined
  const stages = cutStages(graph)
  const brought = broughtTo(stages)
  return placedStages(placed).map(({ name }, k) => {
    const total = multiplyAdds(stages[k].graph)
    return {
      plan: name,
      multiplyAdds: { total, relative: total / plain },
      brought: [...brought[k]].map(([name, type]) => ({ name, numbers: sizeOf(shapeOf(type)) })),
      ...(k < placed.gates.length ? { gate: placed.gates[k] } : {}),
    }
  })
}

/** A stage as JSON says it. */
export const stageFacts = ({ plan, multiplyAdds: { total, relative }, brought, gate, share }: CompiledStage) => ({
  plan,
  multiply_adds: total,
  multiply_adds_relative: relative,
  brought,
  gate,
  share,
})

/** Multiply-adds of the mean image, where such shares of the images reach each stage; `relative` to the plain network. */
export const meanMultiplyAdds = (
  stages: readonly Pick<CompiledStage, 'multiplyAdds'>[],
  reached: readonly number[],
): CompiledStage['multiplyAdds'] => {
  const mean = (of: keyof CompiledStage['multiplyAdds']): number =>
    stages.reduce((sum, { multiplyAdds }, k) => sum + reached[k] * multiplyAdds[of], 0)
  return { total: mean('total'), relative: mean('relative') }
}

/** The same relative to the plain network alone, where such shares of the images reach the stages after the first. */
export const meanRelative = (stages: readonly CompiledStage[], shares: readonly number[]): number =>
  meanMultiplyAdds(stages, [1, ...shares]).relative
