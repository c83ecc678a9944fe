import { createHash } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { either as E } from 'fp-ts'
import * as t from 'io-ts'
import { Count, decodeErrors, EspalierError, type Graph, type Problem, parse, print } from '../../../ir/index.ts'
import {
  CostModel,
  insertBranches,
  type Pass,
  type PassProblem,
  parsePlan,
  placeStages,
  unroll,
} from '../../../passes/index.ts'
import { packageVersion } from '../../base/package.ts'
import { random } from '../../base/random.ts'
import { replaceFile } from '../../base/replace-file.ts'
import {
  costsFor,
  defaultBatch,
  type ScheduleName,
  type ScheduleOptions,
  scheduleNames,
  schedulingOf,
} from '../scheduling.ts'
import { checkNames, optimizationsByName } from './choose-passes.ts'
import { inspectProblem } from './error.ts'

const Reproducer = t.strict({
  format: t.literal('espalier-reproducer'),
  version: t.literal(1),
  versions: t.strict({ espalier: t.string, node: t.string }),
  /** What went wrong, and in which pass. */
  failure: t.strict({ pass: t.string, message: t.string }),
  passes: t.readonlyArray(t.string),
  schedule: t.string,
  /** What `auto` chose by; null under another schedule. */
  choice: t.union([t.null, t.strict({ costs: CostModel, batch: Count })]),
  /** For `insert-branches`. */
  plan: t.string,
  /** Of the plan's draws, and of the values of inputs and parameters. */
  seed: Count,
  /** The graph before the passes, in its text form. */
  graph: t.string,
})

/** All that it takes to see a pass fail again. */
export type Reproducer = t.TypeOf<typeof Reproducer>

/** Where a pass is run: what its name alone does not say. */
export interface PassContext extends ScheduleOptions {
  readonly schedule: ScheduleName
  readonly plan: string
  readonly seed: number
}

export const reproducer = (
  pass: Pass,
  graph: Graph,
  message: string,
  { plan, seed, ...scheduling }: PassContext,
): Reproducer => ({
  format: 'espalier-reproducer',
  version: 1,
  versions: { espalier: packageVersion, node: process.version },
  failure: { pass: pass.name, message },
  passes: [pass.name],
  schedule: scheduling.schedule,
  choice:
    scheduling.schedule === 'auto' ? { costs: costsFor(scheduling), batch: scheduling.batch ?? defaultBatch } : null,
  plan,
  seed,
  graph: print(graph),
})

/** Writes the file to a folder, else to the system's temporary one. @returns its path: one failure has one name. */
export const writeReproducer = async (file: Reproducer, folder = '.'): Promise<string> => {
  const text = `${JSON.stringify(file, null, 1)}\n`
  const name = `espalier-crash-${createHash('sha256').update(text).digest('hex').slice(0, 8)}.json`
  try {
    await replaceFile(join(folder, name), Buffer.from(text))
    return join(folder, name)
  } catch {
    await replaceFile(join(tmpdir(), name), Buffer.from(text))
    return join(tmpdir(), name)
  }
}

export const decodeReproducer = (where: string, json: unknown): E.Either<readonly Problem[], Reproducer> =>
  E.mapLeft((errors: t.Errors) =>
    decodeErrors(errors).map(({ path, seen, expected }) =>
      inspectProblem('bad-reproducer', path === '' ? where : `${where}, ${path}`, seen, expected),
    ),
  )(Reproducer.decode(json))

/** Branches of a plan that is placed on whatever graph comes. */
const insertPlanned = (plan: string, seed: number): Pass<'both'> => ({
  name: 'insert-branches',
  mode: 'both',
  run: program => {
    const parsed = parsePlan(plan)
    if (E.isLeft(parsed)) return E.left(parsed.left as readonly PassProblem[])
    const placed = placeStages(parsed.right, program.graph, () => random(seed, 'plan').next)
    return E.isLeft(placed) ? placed : insertBranches(placed.right).run(program)
  },
})

/** Every pass of an inference pipeline by name: what `reduce` and a reproducer may name. */
export const passesByName = ({ plan, seed, ...scheduling }: PassContext): ReadonlyMap<string, Pass> =>
  new Map([
    ['insert-branches', insertPlanned(plan, seed)],
    [unroll.name, unroll],
    ...optimizationsByName(schedulingOf(scheduling)),
  ])

export interface Replay {
  readonly graph: Graph
  readonly passes: readonly Pass[]
  readonly seed: number
}

/** The graph and the passes of a reproducer. */
export const replayOf = (where: string, file: Reproducer): E.Either<readonly Problem[], Replay> => {
  const schedule = scheduleNames.find(known => known === file.schedule)
  if (schedule === undefined)
    return E.left([inspectProblem('bad-reproducer', where, `schedule ${file.schedule}`, scheduleNames.join(', '))])
  const known = passesByName({ schedule, ...file.choice, plan: file.plan, seed: file.seed })
  const names = checkNames(where, file.passes, [...known.keys()])
  if (E.isLeft(names)) return names
  const graph = parse(file.graph)
  if (E.isLeft(graph)) return E.left(graph.left.map(p => ({ ...p, where: `${where}, ${p.where}` })))
  return E.right({ graph: graph.right, passes: names.right.map(name => known.get(name) as Pass), seed: file.seed })
}

/** A pass that threw or made a graph that does not verify: nobody's input is wrong. */
export class PassFailure extends EspalierError {
  readonly reproducer: Reproducer
  constructor(file: Reproducer, options?: ErrorOptions) {
    const { pass, message } = file.failure
    super([inspectProblem('broken-pass', `pass ${pass}`, message, 'an equal graph: this is a bug')], 'failure', options)
    this.reproducer = file
  }
}
