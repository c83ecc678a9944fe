import { either as E } from 'fp-ts'
import { print, renderProblem, verify } from '../../../ir/index.ts'
import {
  type Firing,
  naivePipeline,
  optimizations,
  type Pass,
  type PassProblem,
  type PlacementProblem,
  type Plan,
  type Program,
  printPlan,
  upTo,
} from '../../../passes/index.ts'
import type { Network } from '../../network/network.ts'
import { type CompiledNetwork, type CompileOptions, compileNetwork } from '../compile.ts'
import { type ScheduleOptions, schedulingOf } from '../scheduling.ts'
import { graphChanges } from './changes.ts'
import { messageOf } from './failure.ts'
import { PassFailure, reproducer } from './reproducer.ts'

/** Which passes are meant: all, or those of the names. */
export type Selection = 'all' | readonly string[]

export interface WatchOptions extends ScheduleOptions {
  readonly seed?: number
  /** Run after `insert-branches` and `unroll` instead of the schedule's optimizations. */
  readonly passes?: readonly Pass[]
  /** The first so many rewrites are done. Default: all. */
  readonly until?: number
  readonly printBefore?: Selection
  readonly printAfter?: Selection
  readonly printChanged?: boolean
  /** Verifies the graph that each pass makes. */
  readonly verifyEach?: boolean
  readonly onRewrite?: (firing: Firing, number: number) => void
  readonly observe?: CompileOptions['observe']
  /** Where graphs and differences are printed. */
  readonly show?: (text: string) => void
}

const selected = (selection: Selection | undefined, pass: Pass): boolean =>
  selection === 'all' || selection?.includes(pass.name) === true

/** Compiles a network and shows what its passes do. @throws PassFailure where a pass throws, or makes a graph that does not verify */
export const watchedCompile = (
  network: Network,
  plan: Plan,
  options: WatchOptions = {},
): E.Either<readonly (PassProblem | PlacementProblem)[], CompiledNetwork> => {
  const {
    seed = 0,
    schedule = 'auto',
    backend,
    batch,
    costs,
    until = Number.POSITIVE_INFINITY,
    show = () => {},
  } = options
  const scheduling = {
    schedule,
    backend,
    batch,
    costs,
  }
  const failed = (pass: Pass, before: Program, message: string, cause?: unknown): PassFailure =>
    new PassFailure(reproducer(pass, before.graph, message, { ...scheduling, plan: printPlan(plan), seed }), { cause })

  const watched = (pass: Pass): Pass => ({
    ...pass,
    run: (program, admit) => {
      if (selected(options.printBefore, pass)) show(`before ${pass.name}: ${print(program.graph)}`)
      try {
        return pass.run(program, admit)
      } catch (cause) {
        throw failed(pass, program, messageOf(cause), cause)
      }
    },
  })

  const observe = (pass: Pass, after: Program, before: Program): void => {
    options.observe?.(pass, after, before)
    if (selected(options.printAfter, pass)) show(`after ${pass.name}: ${print(after.graph)}`)
    const changes = options.printChanged === true ? graphChanges(before.graph, after.graph, pass.name) : null
    if (changes !== null) show(changes)
    if (options.verifyEach !== true) return
    const verified = verify(after.graph)
    if (E.isLeft(verified)) throw failed(pass, before, verified.left.map(renderProblem).join('; '))
  }

  const asked = options.onRewrite !== undefined || options.until !== undefined
  const fuel = upTo(until)
  let number = 0
  const admit = (firing: Firing): boolean => {
    if (!fuel()) return false
    number++
    options.onRewrite?.(firing, number)
    return true
  }
  const chosen = options.passes ?? optimizations(schedulingOf(scheduling))
  return compileNetwork(network, plan, {
    ...scheduling,
    seed,
    pipeline: placed => [...naivePipeline(placed), ...chosen].map(watched),
    observe,
    admit: asked ? admit : undefined,
  })
}
