import { basename, extname } from 'node:path'
import { EspalierError } from '../../ir/index.ts'
import { orThrow, sourceProblem } from '../base/error.ts'
import type { CompiledNetwork } from '../compile/compile.ts'
import { watchedCompile } from '../compile/inspect/index.ts'
import { readPlan } from '../compile/read-plan.ts'
import type { ModelBackend } from '../execute/open-execution.ts'
import type { Meaning } from '../network/meaning.ts'
import { openAny } from '../open/opening.ts'
import type { ExecutionFlags, NetworkFlags } from './options.ts'
import type { CommonOptions, Output } from './output.ts'
import { scheduleBackend } from './schedule-backend.ts'
import { noteMissingBranches } from './trained-note.ts'

/** What is said of networks that are served, beside their references. */
export interface ServedFlags extends CommonOptions, ExecutionFlags<ModelBackend>, Omit<NetworkFlags, 'network'> {
  readonly maxBatch: number
}

const bad = (flag: string, seen: string, expected: string): EspalierError =>
  new EspalierError([sourceProblem('bad-input', flag, seen, expected)])

/** The name under which a network is served: that of its folder or file, or the zoo's. */
const nameOf = (reference: string): string => {
  const [path] = reference.replace(/^zoo:/, '').split('?')
  const file = basename(path)
  return file === 'model.json' || file === 'manifest.json'
    ? nameOf(path.slice(0, -file.length - 1))
    : basename(
        file,
        ['.onnx', '.json', '.txt'].find(end => extname(file) === end),
      )
}

/** The references of `--network` by the names that they are served under. @throws EspalierError where two have one name */
export const namedNetworks = (references: readonly string[]): ReadonlyMap<string, string> => {
  const named = new Map<string, string>()
  for (const reference of references) {
    const name = nameOf(reference)
    const other = named.get(name)
    if (other !== undefined)
      throw bad('--network', `${other} and ${reference}, both ${name}`, 'networks of different names')
    named.set(name, reference)
  }
  return named
}

/** Opens a network, and compiles it under `--plan` where it is not. @throws EspalierError */
export const compiledFor = async (
  network: string,
  flags: ServedFlags,
  out: Output,
): Promise<CompiledNetwork & { readonly meaning: Meaning }> => {
  const source = await openAny({ ...flags, network }, out)
  const { meaning } = source
  if (source.kind === 'compiled') {
    if (flags.plan === undefined) return { ...source.compiled, meaning }
    throw bad(
      '--plan',
      `${flags.plan} for ${network}, compiled under ${source.compiled.plan}`,
      'no --plan with a compiled folder',
    )
  }
  const plan = await readPlan(flags.plan ?? 'vanilla')
  noteMissingBranches(source, plan, out)
  const options = { seed: flags.seed, batch: flags.maxBatch, backend: await scheduleBackend(flags) }
  return { ...orThrow(watchedCompile(source.network, plan, options)), meaning }
}
