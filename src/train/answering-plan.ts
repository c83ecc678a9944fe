import type { FixedPlan } from '../../passes/index.ts'
import { isClassifier, type Network } from '../network/network.ts'

/**
 * A plan with a reduction to answer by, where it names none beside the training reduction `none`: the paper's for classifiers, `geo`, else the mean, which
 * every kind of output has.
 */
export const answeringPlan = (network: Pick<Network, 'outputs'>, plan: FixedPlan): FixedPlan =>
  plan.inference === 'none' ? { ...plan, inference: isClassifier(network) ? 'geo' : 'mean' } : plan
