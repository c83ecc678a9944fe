import { either as E } from 'fp-ts'
import { type Problem, renderProblems } from '../../../ir/index.ts'
import { parsePlan } from '../../../passes/index.ts'
import { type CompiledNetwork, compileNetwork } from '../../../src/compile.ts'
import type { ScheduleName } from '../../../src/scheduling.ts'
import { initialized, zoo } from '../../../src/zoo/index.ts'

const orFail = <A>(result: E.Either<readonly Problem[], A>): A => {
  if (E.isLeft(result)) throw new Error(renderProblems(result.left))
  return result.right
}

/** A network of the zoo under a plan, initialized from seed 0. */
export const compiledZoo = (network: string, plan: string, schedule: ScheduleName = 'apart'): CompiledNetwork =>
  orFail(compileNetwork(initialized(orFail(zoo(network)), 0), orFail(parsePlan(plan)), { schedule }))
