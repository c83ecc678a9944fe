import type { Tensor } from '../../ir/index.ts'
import { placePlan, type TrainingStep, trainingReduction, trainingStep } from '../../passes/index.ts'
import { orThrow } from '../../src/base/error.ts'
import { imageType, type Network } from '../../src/network/network.ts'
import { parameterUses } from '../../src/network/zoo/roles.ts'
import { fixedPlanOf } from '../fixed-plan.ts'

export const recipe = { labelSmoothing: 0, momentum: 0.9, nesterov: false, batchNormMomentum: 0.1 }
export const weightDecay = 2e-4
export const rate = 0.01
const classes = 100

/** A step of a network under a plan. */
export const stepOf = ({ graph }: Network, name: string): TrainingStep => {
  const plan = fixedPlanOf(name)
  const placed = orThrow(placePlan(plan, graph, () => 0))
  return orThrow(
    trainingStep(graph, placed, { ...recipe, loss: orThrow(trainingReduction(plan)), weightDecay: () => weightDecay }),
  )
}

/** Images that no data is needed for, with labels. */
export const inputOf = (network: Network, batch: number) => {
  const { h, w, c } = imageType(network)
  return {
    images: Float32Array.from({ length: batch * h * w * c }, (_, k) => Math.sin(k)),
    labels: Array.from({ length: batch }, (_, k) => k % classes),
    rate,
    matrices: new Map(),
  }
}

/** A zoo network as training leaves it: no normalization is the identity, which runtimes would leave out. */
export const settled = (network: Network): Network => ({
  ...network,
  parameters: new Map(
    parameterUses(network.graph).map(({ name, role }, k) => {
      const value = network.parameters.get(name) as Tensor
      if (!['scale', 'offset', 'mean', 'variance'].includes(role.kind)) return [name, value]
      return [name, { ...value, data: Float32Array.from(value.data, (v, i) => v + 0.3 * Math.sin(i + k)) }]
    }),
  ),
})
