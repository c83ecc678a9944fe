import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { either as E } from 'fp-ts'
import * as t from 'io-ts'
import { type Problem, print, renderProblems } from '../../ir/index.ts'
import { makeFolder } from '../base/make-folder.ts'
import { packageVersion } from '../base/package.ts'
import { replaceFile } from '../base/replace-file.ts'
import { readSealedJson, sealedJson } from '../base/sealed-json.ts'
import { warn } from '../base/warn.ts'
import { machineName } from '../compile/calibrate/calibration.ts'
import { choicesFolder } from '../runtime/kept-choices.ts'
import { type Executed, type ExecutorName, executorNames, stageGraphs } from './execution.ts'
import type { ExecutorOptions } from './executor.ts'
import type { Spread } from './race.ts'

const Name = t.keyof({ eager: null, graph: null, xla: null, onnx: null, openvino: null } satisfies {
  readonly [X in ExecutorName]: null
})

const Timed = t.intersection([
  t.strict({ executor: Name }),
  t.partial({
    ...{ images: t.number, milliseconds: t.number, min: t.number, max: t.number },
    ...{ reason: t.string, absent: t.boolean, notable: t.boolean, wrong: t.boolean },
  }),
])

/**
 * An executor that was tried: the median, least and most time of a run of so many images, or why there is none; `absent` where its library was not there,
 * `wrong` where its answers are not the others', `notable` where the reason is worth telling.
 */
export type Timed = t.TypeOf<typeof Timed>

/**
 * What was fastest, and what was tried; `drifted` where batches took another time than that since, so that it is chosen
 * anew at the next opening; `inUse` has such times where the same one was chosen again after them.
 */
const Choice = t.intersection([
  t.strict({
    format: t.literal('espalier-executor'),
    version: t.literal(4),
    machine: t.string,
    executor: Name,
    tried: t.readonlyArray(Timed),
  }),
  t.exact(t.partial({ drifted: t.number, inUse: t.readonlyArray(t.number) })),
])
export type Choice = t.TypeOf<typeof Choice>

/** A choice, and what is to be known of an earlier one. */
export const choiceOf = (executor: ExecutorName, tried: readonly Timed[], earlier?: Choice): Choice => {
  const again = earlier?.executor === executor ? earlier.drifted : undefined
  return {
    format: 'espalier-executor',
    version: 4,
    machine: machineName(),
    executor,
    tried,
    inUse: again === undefined ? undefined : [...(earlier?.inUse ?? []), again],
  }
}

/** The least and the most that a batch takes on what was chosen, by what fewer images took and by what it has taken in use, where that is known. */
export const usualOf = (
  { executor, tried, inUse = [] }: Choice,
  batch: number,
): Pick<Spread, 'min' | 'max'> | undefined => {
  const own = tried.find(one => one.executor === executor)
  if (own?.min === undefined || own.max === undefined) return undefined
  const each = batch / (own.images ?? batch)
  return { min: Math.min(each * own.min, ...inUse), max: Math.max(each * own.max, ...inUse) }
}

/** The file of a choice: another graph, batch, precision, backend or machine is another file; other thresholds between the same stages are not. */
const choiceFile = (executed: Executed, batch: number, { backend, precision }: ExecutorOptions): string => {
  const key = [
    packageVersion,
    machineName(),
    executorNames,
    batch,
    precision,
    backend,
    ...stageGraphs(executed).map(graph => print(graph)),
  ].join('\n')
  return join(choicesFolder(), `${createHash('sha256').update(key).digest('hex').slice(0, 32)}.json`)
}

/** What is damaged counts as not there, with a word. */
const dropped = (problems: readonly Problem[]): undefined => {
  const damaged = problems.filter(({ tag }) => tag !== 'missing-file')
  if (damaged.length > 0) warn(`Timed anew, for what was kept is damaged: ${renderProblems(damaged)}`)
}

export const readChoice = async (
  executed: Executed,
  batch: number,
  options: ExecutorOptions,
): Promise<Choice | undefined> => {
  const path = choiceFile(executed, batch, options)
  const json = await readSealedJson(path)()
  if (E.isLeft(json)) return dropped(json.left)
  const decoded = Choice.decode(json.right)
  return E.isRight(decoded) ? decoded.right : undefined
}

/** Keeps a choice for the next time; a cache that cannot be written is no reason to fail. */
export const writeChoice = async (
  executed: Executed,
  batch: number,
  options: ExecutorOptions,
  choice: Choice,
): Promise<void> => {
  try {
    await makeFolder(choicesFolder())
    await replaceFile(choiceFile(executed, batch, options), sealedJson(choice))
  } catch {}
}
