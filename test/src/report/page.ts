import { parsePlan } from '../../../passes/index.ts'
import { orThrow } from '../../../src/base/error.ts'
import { type CompiledNetwork, compileNetwork } from '../../../src/compile/compile.ts'
import type { ScheduleName } from '../../../src/compile/scheduling.ts'
import { initialized, zoo } from '../../../src/network/zoo/index.ts'

/** A network of the zoo under a plan, initialized from seed 0. */
export const compiledZoo = (network: string, plan: string, schedule: ScheduleName = 'apart'): CompiledNetwork =>
  orThrow(compileNetwork(initialized(orThrow(zoo(network)), 0), orThrow(parsePlan(plan)), { schedule }))
