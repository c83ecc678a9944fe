import { type Plan, stagesOf } from '../../passes/index.ts'
import { branchesOf, missingBranches, trainedPlan } from '../experiment/search/trained.ts'
import type { Source } from '../open/network-source.ts'
import type { Output } from './output.ts'

/** Says where a network, or the first stage of an adaptive plan, is to run without branches that its weights were trained with. */
export const noteMissingBranches = (
  { network: { graph }, weightsMetadata }: Extract<Source, { kind: 'network' }>,
  plan: Plan,
  out: Output,
): void => {
  const trained = weightsMetadata === undefined ? undefined : trainedPlan(weightsMetadata)
  const missing =
    trained === undefined ? undefined : missingBranches(trained, branchesOf(stagesOf(plan)[0], graph), graph)
  if (missing !== undefined) out.note(missing)
}
