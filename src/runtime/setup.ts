import { mkdir, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { either as E } from 'fp-ts'
import { problem } from '../../ir/error.ts'
import type { RuntimeProblem } from './error.ts'
import { type AddonOrigin, addonSource, checkAddon, placeAddon } from './native/addon.ts'
import { downloadWheel, interrupted, wheelsIn } from './native/download.ts'
import { findInstalled, type Installed, type InstalledManifest } from './native/installed.ts'
import {
  type Accelerator,
  cacheFolder,
  type Installation,
  installation,
  installationIn,
  installationName,
  pins,
} from './native/layout.ts'
import { checkSpace, detectAccelerator, supportedPlatform } from './native/machine.ts'
import { checkWheel, type Extracted, extractWheel, extraRequirements, sha256Of } from './native/wheel.ts'

export type SetupStep = 'download' | 'verify' | 'extract' | 'addon' | 'check' | 'install'

/** What a setup is doing; `done` and `total` are bytes, where they are known. */
export interface SetupEvent {
  readonly step: SetupStep
  readonly state: 'started' | 'progress' | 'finished' | 'skipped'
  readonly what: string
  readonly done?: number
  readonly total?: number
}

/** The parts of a setup that reach outside; tests bring their own. */
export interface SetupParts {
  readonly downloadWheel: typeof downloadWheel
  readonly placeAddon: (place: Installation, signal?: AbortSignal) => Promise<E.Either<RuntimeProblem, AddonOrigin>>
  readonly checkAddon: typeof checkAddon
  readonly addonSource: typeof addonSource
  /** The sha256 of a wheel by its project's name, where one is pinned. */
  readonly sha256: Readonly<Record<string, string>>
}

export interface SetupOptions {
  /** Default: `ESPALIER_CACHE`, else the platform's folder for caches. */
  readonly cache?: string
  /** Default: `nvidia` where the NVIDIA driver is, else `cpu`. */
  readonly accelerator?: Accelerator
  readonly onEvent?: (event: SetupEvent) => void
  readonly signal?: AbortSignal
  readonly parts?: SetupParts
}

const ownParts: SetupParts = {
  downloadWheel,
  placeAddon,
  checkAddon,
  addonSource,
  sha256: Object.fromEntries(Object.entries(pins.wheels).map(([name, wheel]) => [name, wheel.sha256])),
}

const wheelOf: { readonly [A in Accelerator]: string } = { cpu: 'tensorflow-cpu', nvidia: 'tensorflow' }

/** Room for the wheels and what is taken out of them, at the same time. */
const neededBytes: { readonly [A in Accelerator]: number } = { cpu: 1.2e9, nvidia: 12e9 }

interface Run {
  readonly place: Installation
  readonly temporary: Installation
  readonly downloads: string
  readonly accelerator: Accelerator
  readonly parts: SetupParts
  readonly tell: (event: SetupEvent) => void
  readonly signal: AbortSignal | undefined
}

interface CheckedWheel {
  readonly path: string
  readonly sha256: string
}

/** A wheel that is whole in the download folder already is not asked for again, so that a setup resumes offline. */
const fetchWheel = async (run: Run, requirement: string): Promise<E.Either<RuntimeProblem, CheckedWheel>> => {
  const [name = requirement] = requirement.split(/[<>=!~;[ ]/)
  const pinned = run.parts.sha256[name]
  const present = (await wheelsIn(run.downloads)).find(file => file.startsWith(`${name.replace(/[-.]+/g, '_')}-`))
  if (present !== undefined && pinned !== undefined) {
    const path = join(run.downloads, present)
    if (E.isRight(await checkWheel(path, pinned, run.signal))) {
      run.tell({ step: 'download', state: 'skipped', what: `${present} is here already` })
      return E.right({ path, sha256: pinned })
    }
    await rm(path, { force: true })
  }
  const total = pins.wheels[name]?.bytes
  const sizes = total === undefined ? {} : { total }
  run.tell({ step: 'download', state: 'started', what: requirement, ...sizes })
  const wheel = await run.parts.downloadWheel(requirement, run.downloads, {
    signal: run.signal,
    onBytes: done => run.tell({ step: 'download', state: 'progress', what: requirement, done, ...sizes }),
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

const fetchWheels = async (run: Run): Promise<E.Either<RuntimeProblem, readonly CheckedWheel[]>> => {
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

const extractWheels = async (
  run: Run,
  wheels: readonly CheckedWheel[],
): Promise<E.Either<RuntimeProblem, readonly Extracted[]>> => {
  const files: Extracted[] = []
  for (const wheel of wheels) {
    run.tell({ step: 'extract', state: 'started', what: wheel.path })
    const extracted = await extractWheel(wheel.path, run.temporary.folder, {
      signal: run.signal,
      onBytes: done => run.tell({ step: 'extract', state: 'progress', what: wheel.path, done }),
    })
    if (E.isLeft(extracted)) return extracted
    files.push(...extracted.right)
  }
  await symlink('libtensorflow_cc.so.2', join(run.temporary.libraries, 'libtensorflow.so'))
  await symlink('libtensorflow_framework.so.2', join(run.temporary.libraries, 'libtensorflow_framework.so'))
  run.tell({ step: 'extract', state: 'finished', what: `${files.length} files` })
  return E.right(files)
}

const addAddon = async (
  run: Run,
  place: Installation,
): Promise<E.Either<RuntimeProblem, InstalledManifest['addon']>> => {
  run.tell({ step: 'addon', state: 'started', what: place.addon })
  const origin = await run.parts.placeAddon(place, run.signal)
  if (E.isLeft(origin)) return origin
  run.tell({ step: 'addon', state: 'finished', what: origin.right })
  const loaded = await run.parts.checkAddon(place.addon, run.signal)
  if (E.isLeft(loaded)) return loaded
  run.tell({ step: 'check', state: 'finished', what: `TensorFlow ${loaded.right.tensorflow} loads` })
  return E.right({ origin: origin.right, source: await run.parts.addonSource() })
}

/** A library that is whole gets another addon, where this package's is not the one that stands beside it. */
const renewAddon = async (run: Run, present: Installed): Promise<E.Either<RuntimeProblem, Installed>> => {
  const fresh = { ...present, addon: `${present.addon}.${process.pid}.tmp.node` }
  try {
    const addon = await addAddon(run, fresh)
    if (E.isLeft(addon)) return addon
    const contents = { ...present.contents, addon: addon.right }
    await writeFile(`${fresh.addon}.json`, manifestText(contents))
    await rename(fresh.addon, present.addon)
    await rename(`${fresh.addon}.json`, present.manifest)
    return E.right({ ...present, contents })
  } finally {
    await rm(fresh.addon, { force: true })
  }
}

const manifestText = (contents: InstalledManifest): string => `${JSON.stringify(contents, undefined, 1)}\n`

const install = async (run: Run): Promise<E.Either<RuntimeProblem, Installed>> => {
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
    wheels: wheels.right.map(({ path, sha256 }) => ({ file: path.slice(run.downloads.length + 1), sha256 })),
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

const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Half-made folders carry the process that makes them in their name; those of dead processes go. */
const clearHalfMade = async (folder: string): Promise<void> => {
  for (const name of await readdir(folder).catch(() => [])) {
    const pid = /\.(\d+)\.tmp$/.exec(name)?.[1]
    if (pid !== undefined && (Number(pid) === process.pid || !alive(Number(pid))))
      await rm(join(folder, name), { recursive: true, force: true })
  }
}

/**
 * Puts TensorFlow's library and the addon into the user's cache, once: a whole installation is left as it is, an
 * interrupted one goes on, and nothing half-made ever stands at its place. Left: what was in the way.
 */
export const setup = async (options: SetupOptions = {}): Promise<E.Either<RuntimeProblem, Installed>> => {
  const platform = supportedPlatform()
  if (E.isLeft(platform)) return platform
  const cache = options.cache ?? cacheFolder()
  const accelerator = options.accelerator ?? (await detectAccelerator())
  const { onEvent: tell = () => {}, parts = ownParts, signal } = options
  const place = installationIn(cache, accelerator)
  const temporary = installation(`${place.folder}.${process.pid}.tmp`)
  const downloads = join(cache, 'downloads', installationName(accelerator))
  const run: Run = { place, temporary, downloads, accelerator, parts, tell, signal }
  try {
    const present = await findInstalled(cache, accelerator)
    if (present !== undefined && present.contents.addon.source !== (await parts.addonSource()))
      return await renewAddon(run, present)
    if (present !== undefined) {
      tell({ step: 'install', state: 'skipped', what: `${present.folder} is whole` })
      return E.right(present)
    }
    await clearHalfMade(dirname(place.folder))
    await mkdir(temporary.libraries, { recursive: true })
    await mkdir(downloads, { recursive: true })
    return await install(run)
  } catch (error) {
    if (signal?.aborted) return E.left(interrupted(downloads))
    const { code, message } = error as NodeJS.ErrnoException
    return code === 'ENOSPC'
      ? E.left(
          problem('no-space', cache, message, 'room on the disk', 'set ESPALIER_CACHE to a folder on another disk'),
        )
      : E.left(problem('cannot-write', cache, message, 'a folder that can be written', 'set ESPALIER_CACHE to one'))
  } finally {
    await rm(temporary.folder, { recursive: true, force: true })
  }
}
