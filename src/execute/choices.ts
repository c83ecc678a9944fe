import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { either as E } from 'fp-ts'
import * as t from 'io-ts'
import { type Problem, print, renderProblems } from '../../ir/index.ts'
import { makeFolder } from '../base/make-folder.ts'
import { replaceFile } from '../base/replace-file.ts'
import { readSealedJson, sealedJson } from '../base/sealed-json.ts'
import { warn } from '../base/warn.ts'
import { machineName } from '../compile/calibrate/calibration.ts'
import { cacheFolder, packageVersion } from '../runtime/native/layout.ts'
import type { Executed } from './execution.ts'
import { type ExecutorName, type ExecutorOptions, executorNames } from './executor.ts'

const Name = t.keyof({ eager: null, graph: null, xla: null, onnx: null, openvino: null } satisfies {
  readonly [X in ExecutorName]: null
})

const Timed = t.intersection([
  t.strict({ executor: Name }),
  t.partial({ milliseconds: t.number, reason: t.string, absent: t.boolean, notable: t.boolean, wrong: t.boolean }),
])

/**
 * An executor that was tried: the time of one batch, or why there is none; `absent` where its library was not there,
 * `wrong` where its answers are not the others', `notable` where the reason is worth telling.
 */
export type Timed = t.TypeOf<typeof Timed>

/** What was fastest, and what was tried. */
const Choice = t.strict({
  format: t.literal('espalier-executor'),
  version: t.literal(2),
  machine: t.string,
  executor: Name,
  tried: t.readonlyArray(Timed),
})
export type Choice = t.TypeOf<typeof Choice>

export const choiceOf = (executor: ExecutorName, tried: readonly Timed[]): Choice => ({
  format: 'espalier-executor',
  version: 2,
  machine: machineName(),
  executor,
  tried,
})

/** The file of a choice: another graph, batch, precision, backend or machine is another file. */
const choiceFile = ({ graph }: Executed, batch: number, { backend, precision }: ExecutorOptions): string => {
  const key = [packageVersion, machineName(), executorNames, batch, precision, backend, print(graph)].join('\n')
  return join(cacheFolder(), 'executors', `${createHash('sha256').update(key).digest('hex').slice(0, 32)}.json`)
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
    await makeFolder(join(cacheFolder(), 'executors'))
    await replaceFile(choiceFile(executed, batch, options), sealedJson(choice))
  } catch {}
}
