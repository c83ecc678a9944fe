import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { either as E } from 'fp-ts'
import * as t from 'io-ts'
import { decodeErrors, encodeGraph, type Problem, sameShape, type Tensor } from '../../ir/index.ts'
import { cannotWrite, orThrow, type SourceProblem, sourceProblem } from '../base/error.ts'
import { makeFolder } from '../base/make-folder.ts'
import { replaceFile } from '../base/replace-file.ts'
import { sealedJson } from '../base/sealed-json.ts'
import type { Network } from '../network/network.ts'
import { encodeSealedSafetensors, readSafetensorsFile, type Safetensors } from '../network/weights/safetensors.ts'
import { Progress, Whole } from './progress.ts'
import { weightsMetadata } from './weights-metadata.ts'

/** The files of a training folder that are written whole, in the order of their writing: the state is the last. */
export const trainingFiles = {
  network: 'network.json',
  last: 'last.safetensors',
  best: 'best.safetensors',
  state: 'state.safetensors',
} as const

const version = 1

/** All that a training goes on from: randomness is a function of the seed and the step. */
export interface State {
  /** Weights and running statistics, under the network's names. */
  readonly parameters: ReadonlyMap<string, Tensor>
  /** Which of them are no weights: every training leaves them as they are. */
  readonly fixed?: readonly string[]
  readonly velocities: ReadonlyMap<string, Tensor>
  readonly progress: Progress
}

const progressKey = 'training'
const prefixes = { parameters: 'parameter:', velocities: 'velocity:' } as const
type Carried = keyof typeof prefixes

const prefixed = (kind: Carried, state: State): readonly (readonly [string, Tensor])[] =>
  [...state[kind]].map(([name, value]) => [prefixes[kind] + name, value] as const)

const bare = (kind: Carried, { tensors }: Safetensors): ReadonlyMap<string, Tensor> =>
  new Map(
    [...tensors]
      .filter(([name]) => name.startsWith(prefixes[kind]))
      .map(([name, value]) => [name.slice(prefixes[kind].length), value] as const),
  )

const isTemporary = (name: string): boolean =>
  name.endsWith('.tmp') && Object.values(trainingFiles).some(file => name.startsWith(`${file}.`))

/** Makes the folder, and takes away what a process that was killed had begun to write. */
const prepare = async (folder: string): Promise<void> => {
  await makeFolder(folder)
  for (const name of await readdir(folder)) if (isTemporary(name)) await rm(join(folder, name), { force: true })
}

const orCannotWrite = (folder: string, task: Promise<void>): Promise<void> =>
  task.catch(error => {
    throw cannotWrite(folder, error)
  })

/** Writes `network.json`, the graph that the folder's weights belong to. @throws EspalierError where it cannot be written. */
export const writeNetworkFile = (folder: string, { graph }: Pick<Network, 'graph'>): Promise<void> => {
  const write = async (): Promise<void> => {
    await prepare(folder)
    await replaceFile(join(folder, trainingFiles.network), sealedJson(encodeGraph(graph)))
  }
  return orCannotWrite(folder, write())
}

/**
 * Writes where a training stands: `last.safetensors`, `best.safetensors` where this is the best so far, then
 * `state.safetensors`. Each is replaced whole, so that a state can be read whenever the process ends; weights beside it are
 * of that state or of the one that was being written.
 *
 * @throws EspalierError where they cannot be written; RangeError for progress that could not be read back.
 */
export const writeCheckpoint = (folder: string, state: State, { best }: { readonly best: boolean }): Promise<void> => {
  const { parameters, progress, fixed } = state
  if (!Progress.is(progress)) throw new RangeError(`no progress to go on from: ${JSON.stringify(progress)}`)
  const write = async (): Promise<void> => {
    await prepare(folder)
    const weights = encodeSealedSafetensors(parameters, weightsMetadata({ ...progress, epochs: progress.epoch, fixed }))
    await replaceFile(join(folder, trainingFiles.last), weights)
    if (best) await replaceFile(join(folder, trainingFiles.best), weights)
    const tensors = new Map([...prefixed('parameters', state), ...prefixed('velocities', state)])
    const metadata = new Map([[progressKey, JSON.stringify({ version, ...progress })]])
    await replaceFile(join(folder, trainingFiles.state), encodeSealedSafetensors(tensors, metadata))
  }
  return orCannotWrite(folder, write())
}

export const hasCheckpoint = (folder: string): Promise<boolean> =>
  stat(join(folder, trainingFiles.state)).then(
    () => true,
    () => false,
  )

const anew = 'train into another folder'

const decodeProgress = (path: string, text: string): E.Either<readonly SourceProblem[], Progress> => {
  const malformed = (where: string, seen: string, expected: string) =>
    sourceProblem('malformed-file', where, seen, expected, anew)
  const json = E.tryCatch((): unknown => JSON.parse(text), String)
  if (E.isLeft(json)) return E.left([malformed(`${path}, ${progressKey}`, json.left, 'JSON')])
  const found = t.type({ version: Whole }).decode(json.right)
  if (E.isRight(found) && found.right.version !== version)
    return E.left([malformed(path, `a checkpoint of version ${found.right.version}`, `version ${version}`)])
  return E.mapLeft((errors: t.Errors) =>
    decodeErrors(errors).map(e => malformed(`${path}, ${progressKey}.${e.path}`, e.seen, e.expected)),
  )(Progress.decode(json.right))
}

const decodeState = (path: string, file: Safetensors): E.Either<readonly SourceProblem[], State> => {
  const text = file.metadata.get(progressKey)
  if (text === undefined) {
    const seen = 'a safetensors file without the progress of a training'
    return E.left([sourceProblem('malformed-file', path, seen, 'what `espalier train` wrote', anew)])
  }
  return E.map((progress: Progress) => ({
    parameters: bare('parameters', file),
    velocities: bare('velocities', file),
    progress,
  }))(decodeProgress(path, text))
}

/** What {@link writeCheckpoint} wrote last, to the bit. @throws EspalierError where there is none, or another program's or version's */
export const readCheckpoint = async (folder: string): Promise<State> => {
  const path = join(folder, trainingFiles.state)
  const told = (p: Problem): Problem =>
    p.tag === 'missing-file'
      ? sourceProblem('missing-file', path, p.seen, 'the checkpoint of a training', 'leave out --resume')
      : { ...p, hint: anew }
  const read = await readSafetensorsFile(path)()
  return orThrow(decodeState(path, orThrow(E.mapLeft((problems: readonly Problem[]) => problems.map(told))(read))))
}

/** How a checkpoint's tensors differ, by name and shape, from those that the training would start with: none where it goes on. */
export const misfits = (
  folder: string,
  state: State,
  fresh: Pick<State, 'parameters' | 'velocities'>,
): readonly SourceProblem[] =>
  (Object.keys(prefixes) as readonly Carried[]).flatMap(kind =>
    [...new Set([...fresh[kind].keys(), ...state[kind].keys()])].flatMap(name => {
      const [seen, wanted] = [state[kind].get(name)?.shape, fresh[kind].get(name)?.shape]
      if (seen !== undefined && wanted !== undefined && sameShape(seen, wanted)) return []
      const words = (shape: readonly number[] | undefined) => (shape === undefined ? 'no such tensor' : `[${shape}]`)
      const where = `${join(folder, trainingFiles.state)}, ${prefixes[kind]}${name}`
      return [sourceProblem('malformed-file', where, words(seen), words(wanted), anew)]
    }),
  )
