import { either as E } from 'fp-ts'
import type { Problem } from '../../ir/index.ts'
import type { Plan } from '../../passes/index.ts'
import { orThrow } from '../base/error.ts'
import { compileNetwork } from '../compile/compile.ts'
import { type Model, openModel } from '../execute/model.ts'
import type { Network } from '../network/network.ts'
import type { OpenStep } from './step.ts'

/** Compiles a network under a plan and loads it where training steps run. `told` is what becomes of problems. @throws EspalierError */
export const openCompiled = async (
  network: Network,
  plan: Plan,
  { backend, executor }: Pick<OpenStep, 'backend' | 'executor'>,
  { seed, batch }: { readonly seed: number; readonly batch: number },
  told: (problem: Problem) => Problem = problem => problem,
): Promise<Model> => {
  const compiled = orThrow(
    E.mapLeft((problems: readonly Problem[]) => problems.map(told))(
      compileNetwork(network, plan, { seed, batch, backend: backend === 'reference' ? undefined : backend }),
    ),
  )
  return openModel(compiled, { backend, batch, executor: executor === 'reference' ? 'auto' : executor })
}
