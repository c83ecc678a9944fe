import { existsSync } from 'node:fs'
import { rename, rm, symlink, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { either as E } from 'fp-ts'
import type { RuntimeProblem } from '../error.ts'
import type { AddonOrigin } from './addon.ts'
import type { DownloadOptions } from './download.ts'
import { wheelsIn } from './download.ts'
import type { Installed, InstalledManifest } from './installed.ts'
import { type Accelerator, type Installation, pins } from './layout.ts'
import { checkSpace } from './machine.ts'
import { checkWheel, type Extracted, extractWheel, extraRequirements, projectOf, sha256Of } from './wheel.ts'

export type SetupStep = 'download' | 'verify' | 'extract' | 'addon' | 'check' | 'install'

/** What a setup is doing; `done` and `total` are bytes, where they are known. */
export interface SetupEvent {
  readonly step: SetupStep
  readonly state: 'started' | 'progress' | 'finished' | 'skipped'
  readonly what: string
  readonly done?: number
  readonly total?: number
}

type Attempt<A> = Promise<E.Either<RuntimeProblem, A>>

/** The parts of a setup that reach outside; tests bring their own. */
export interface SetupParts {
  readonly downloadWheel: (requirement: string, folder: string, options?: DownloadOptions) => Attempt<string>
  readonly placeAddon: (place: Installation, signal?: AbortSignal) => Attempt<AddonOrigin>
  readonly checkAddon: (addon: string, signal?: AbortSignal) => Attempt<{ readonly tensorflow: string }>
  readonly addonSource: () => Promise<string>
  /** The sha256 of a wheel by its project's name, where one is pinned. */
  readonly sha256: Readonly<Record<string, string>>
}

/** One setup under way: where it ends up, where it is made, and where the wheels wait. */
export interface Run {
  readonly place: Installation
  readonly temporary: Installation
  readonly downloads: string
  readonly accelerator: Accelerator
  readonly parts: SetupParts
  readonly tell: (event: SetupEvent) => void
  readonly signal: AbortSignal | undefined
}

export const wheelOf: { readonly [A in Accelerator]: string } = { cpu: 'tensorflow-cpu', nvidia: 'tensorflow' }

/** Room for the wheels and what is taken out of them, at the same time. */
export const neededBytes: { readonly [A in Accelerator]: number } = { cpu: 1.2e9, nvidia: 12e9 }

interface CheckedWheel {
  readonly path: string
  readonly sha256: string
}

/** A pinned wheel that is whole in the download folder is not asked for again, so that a setup resumes offline. */
const waitingWheel = async (run: Run, name: string, pinned: string): Promise<string | undefined> => {
  const present = (await wheelsIn(run.downloads)).find(file => projectOf(file) === name)
  if (present === undefined) return undefined
  const path = join(run.downloads, present)
  if (E.isRight(await checkWheel(path, pinned, run.signal))) return path
  await rm(path, { force: true })
  return undefined
}

const fetchWheel = async (run: Run, requirement: string): Attempt<CheckedWheel> => {
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

const fetchWheels = async (run: Run): Attempt<readonly CheckedWheel[]> => {
  const first = await fetchWheel(run, `${wheelOf[run.accelerator]}==${pins.tensorflow}`)
  if (E.isLeft(first)) return first
  const wheels = [first.right]
  const more = run.accelerator === 'nvidia' ? await extraRequirements(first.right.path, 'and-cuda') : []
  for (const requirement of more) {
    const wheel = await fetchWheel(run, requirement)
    if (E.isLeft(wheel)) return wheel
    wheels.push(wheel.right)
  }
  return E.right(wheels)
}

const extractWheels = async (run: Run, wheels: readonly CheckedWheel[]): Attempt<readonly Extracted[]> => {
  const files: Extracted[] = []
  for (const { path } of wheels) {
    const what = basename(path)
    run.tell({ step: 'extract', state: 'started', what })
    const extracted = await extractWheel(path, run.temporary.folder, {
      signal: run.signal,
      onBytes: (done, total) => run.tell({ step: 'extract', state: 'progress', what, done, total }),
    })
    if (E.isLeft(extracted)) return extracted
    files.push(...extracted.right)
  }
  await symlink('libtensorflow_cc.so.2', join(run.temporary.libraries, 'libtensorflow.so'))
  await symlink('libtensorflow_framework.so.2', join(run.temporary.libraries, 'libtensorflow_framework.so'))
  run.tell({ step: 'extract', state: 'finished', what: `${files.length} files` })
  return E.right(files)
}

const addAddon = async (run: Run, place: Installation): Attempt<InstalledManifest['addon']> => {
  run.tell({ step: 'addon', state: 'started', what: place.addon })
  const origin = await run.parts.placeAddon(place, run.signal)
  if (E.isLeft(origin)) return origin
  run.tell({ step: 'addon', state: 'finished', what: origin.right })
  const loaded = await run.parts.checkAddon(place.addon, run.signal)
  if (E.isLeft(loaded)) return loaded
  run.tell({ step: 'check', state: 'finished', what: `TensorFlow ${loaded.right.tensorflow} loads` })
  return E.right({ origin: origin.right, source: await run.parts.addonSource() })
}

const manifestText = (contents: InstalledManifest): string => `${JSON.stringify(contents, undefined, 1)}\n`

/** Makes the whole installation beside its place and moves it there in one step. */
export const install = async (run: Run): Attempt<Installed> => {
  const space = await checkSpace(dirname(run.place.folder), neededBytes[run.accelerator])
  if (E.isLeft(space)) return space
  const wheels = await fetchWheels(run)
  if (E.isLeft(wheels)) return wheels
  const files = await extractWheels(run, wheels.right)
  if (E.isLeft(files)) return files
  const addon = await addAddon(run, run.temporary)
  if (E.isLeft(addon)) return addon
  const contents: InstalledManifest = {
    tensorflow: pins.tensorflow,
    accelerator: run.accelerator,
    wheels: wheels.right.map(({ path, sha256 }) => ({ file: basename(path), sha256 })),
    files: [...files.right],
    addon: addon.right,
  }
  await writeFile(run.temporary.manifest, manifestText(contents))
  await rm(run.place.folder, { recursive: true, force: true })
  await rename(run.temporary.folder, run.place.folder)
  await rm(run.downloads, { recursive: true, force: true })
  run.tell({ step: 'install', state: 'finished', what: run.place.folder })
  return E.right({ ...run.place, contents })
}

/** Whether this package would put the addon there that stands there. */
export const addonIsCurrent = async (parts: SetupParts, present: Installed): Promise<boolean> =>
  existsSync(present.addon) && present.contents.addon.source === (await parts.addonSource())

/** Gives a whole library this package's own addon, and leaves the library as it is. */
export const renewAddon = async (run: Run, present: Installed): Attempt<Installed> => {
  const fresh = { ...present, addon: `${present.addon}.${process.pid}.tmp.node` }
  const manifest = `${present.manifest}.${process.pid}.tmp`
  try {
    const addon = await addAddon(run, fresh)
    if (E.isLeft(addon)) return addon
    const contents = { ...present.contents, addon: addon.right }
    await writeFile(manifest, manifestText(contents))
    await rename(fresh.addon, present.addon)
    await rename(manifest, present.manifest)
    run.tell({ step: 'install', state: 'finished', what: present.folder })
    return E.right({ ...present, contents })
  } finally {
    await rm(fresh.addon, { force: true })
    await rm(manifest, { force: true })
  }
}
