import { rm, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { either as E } from 'fp-ts'
import { putInPlace } from '../../base/put-in-place.ts'
import type { RuntimeProblem } from '../error.ts'
import { type DownloadOptions, downloadWheel, wheelsIn } from './download.ts'
import type { InstalledFiles } from './installed.ts'
import { pins } from './layout.ts'
import { checkWheel, type Extracted, extractWheel, type PlaceOf, projectOf, sha256Of } from './wheel.ts'

/** What every installation has in common: wheels are fetched and checked, and what is needed of them put in its place. */

export type SetupStep = 'download' | 'verify' | 'extract' | 'addon' | 'check' | 'install'

/** What a setup is doing; `done` and `total` are bytes, where they are known. */
export interface SetupEvent {
  readonly step: SetupStep
  readonly state: 'started' | 'progress' | 'finished' | 'skipped'
  readonly what: string
  readonly done?: number
  readonly total?: number
}

export type Attempt<A> = Promise<E.Either<RuntimeProblem, A>>

/** The parts of a setup that reach for wheels; tests bring their own. */
export interface WheelParts {
  readonly downloadWheel: (requirement: string, folder: string, options?: DownloadOptions) => Attempt<string>
  /** The sha256 of a wheel by its project's name, where one is pinned. */
  readonly sha256: Readonly<Record<string, string>>
}

export const ownWheelParts: WheelParts = {
  downloadWheel,
  sha256: Object.fromEntries(Object.entries(pins.wheels).map(([name, wheel]) => [name, wheel.sha256])),
}

/** One setup under way: where the wheels wait, and who is told. */
export interface WheelRun {
  readonly downloads: string
  readonly parts: WheelParts
  readonly tell: (event: SetupEvent) => void
  readonly signal: AbortSignal | undefined
}

export interface CheckedWheel {
  readonly path: string
  readonly sha256: string
}

/** A pinned wheel that is whole in the download folder is not asked for again, so that a setup resumes offline. */
const waitingWheel = async (run: WheelRun, name: string, pinned: string): Promise<string | undefined> => {
  const present = (await wheelsIn(run.downloads)).find(file => projectOf(file) === name)
  if (present === undefined) return undefined
  const path = join(run.downloads, present)
  if (E.isRight(await checkWheel(path, pinned, run.signal))) return path
  await rm(path, { force: true })
  return undefined
}

/** The wheel of one requirement, its hash checked where one is pinned. */
export const fetchWheel = async (run: WheelRun, requirement: string): Attempt<CheckedWheel> => {
  const name = projectOf(requirement)
  const pinned = run.parts.sha256[name]
  const waiting = pinned === undefined ? undefined : await waitingWheel(run, name, pinned)
  if (waiting !== undefined && pinned !== undefined) {
    run.tell({ step: 'download', state: 'skipped', what: `${basename(waiting)} is here already` })
    return E.right({ path: waiting, sha256: pinned })
  }
  const bytes = pins.wheels[name]?.bytes
  const total = bytes === undefined ? {} : { total: bytes }
  run.tell({ step: 'download', state: 'started', what: requirement, ...total })
  const wheel = await run.parts.downloadWheel(requirement, run.downloads, {
    signal: run.signal,
    onBytes: done => run.tell({ step: 'download', state: 'progress', what: requirement, done, ...total }),
  })
  if (E.isLeft(wheel)) return wheel
  run.tell({ step: 'download', state: 'finished', what: requirement })
  if (pinned === undefined) return E.right({ path: wheel.right, sha256: await sha256Of(wheel.right, run.signal) })
  const checked = await checkWheel(wheel.right, pinned, run.signal)
  if (E.isLeft(checked)) {
    await rm(wheel.right, { force: true })
    return checked
  }
  run.tell({ step: 'verify', state: 'finished', what: `sha256 ${pinned}` })
  return E.right({ path: wheel.right, sha256: pinned })
}

/** Writes what an installation needs of its wheels under `folder`. */
export const extractInto = async (
  { tell, signal }: WheelRun,
  wheels: readonly CheckedWheel[],
  folder: string,
  placeOf: PlaceOf,
): Attempt<readonly Extracted[]> => {
  const files: Extracted[] = []
  for (const { path } of wheels) {
    const what = basename(path)
    tell({ step: 'extract', state: 'started', what })
    const extracted = await extractWheel(path, folder, placeOf, {
      signal,
      onBytes: (done, total) => tell({ step: 'extract', state: 'progress', what, done, total }),
    })
    if (E.isLeft(extracted)) return extracted
    files.push(...extracted.right)
  }
  tell({ step: 'extract', state: 'finished', what: `${files.length} files` })
  return E.right(files)
}

export const filesOf = (wheels: readonly CheckedWheel[], files: readonly Extracted[]): InstalledFiles => ({
  wheels: wheels.map(({ path, sha256 }) => ({ file: basename(path), sha256 })),
  files: [...files],
})

export const manifestText = (contents: object): string => `${JSON.stringify(contents, undefined, 1)}\n`

interface InstallPaths {
  readonly folder: string
  readonly manifest: string
}

/** Writes the manifest, moves the whole to its place in one step, and deletes the wheels. */
export const finishInstall = async (
  run: WheelRun & { readonly place: InstallPaths; readonly temporary: InstallPaths },
  contents: object,
): Promise<void> => {
  await writeFile(run.temporary.manifest, manifestText(contents))
  await rm(run.place.folder, { recursive: true, force: true })
  await putInPlace(run.temporary.folder, run.place.folder)
  await rm(run.downloads, { recursive: true, force: true })
  run.tell({ step: 'install', state: 'finished', what: run.place.folder })
}
