import type { Firing, Plan } from '../../passes/index.ts'
import { orThrow } from '../base/error.ts'
import type { CompiledNetwork, CompileOptions } from '../compile/compile.ts'
import { describeTrace, type TraceEntry, traceEntry, watchedCompile } from '../compile/inspect/index.ts'
import type { Network } from '../network/network.ts'
import type { CommonOptions } from './output.ts'
import type { Terminal } from './terminal.ts'
import { type WatchFlags, watched } from './watch-options.ts'

/** Compiles, and shows on stderr what the flags ask to see of it; the trace also comes back. @throws EspalierError */
export const compileWatched = (
  network: Network,
  plan: Plan,
  flags: WatchFlags & CommonOptions,
  { stderr }: Terminal,
  observe: CompileOptions['observe'] = () => {},
): { readonly compiled: CompiledNetwork; readonly trace: readonly TraceEntry[] } => {
  const show = (text: string): void => stderr(`${text.trimEnd()}\n`)
  const trace: TraceEntry[] = []
  const onRewrite = (firing: Firing, number: number): void => {
    const entry = traceEntry(firing, number)
    trace.push(entry)
    if (flags.json !== true) show(describeTrace(entry))
  }
  const compiled = orThrow(
    watchedCompile(network, plan, {
      ...watched(flags),
      seed: flags.seed,
      show,
      observe,
      ...(flags.trace === true ? { onRewrite } : {}),
    }),
  )
  return { compiled, trace }
}
