import { existsSync } from 'node:fs'
import { rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { either as E } from 'fp-ts'
import { putInPlace } from '../../base/put-in-place.ts'
import type { AddonOrigin } from './addon.ts'
import {
  type Attempt,
  type CheckedWheel,
  extractInto,
  fetchWheel,
  filesOf,
  finishInstall,
  manifestText,
  type WheelParts,
  type WheelRun,
} from './fetch.ts'
import type { Installed, InstalledManifest } from './installed.ts'
import { type Accelerator, type Installation, pins } from './layout.ts'
import { checkSpace } from './machine.ts'
import { type Extracted, extraRequirements, tensorflowPlace } from './wheel.ts'

/** The parts of a setup that reach outside; tests bring their own. */
export interface SetupParts extends WheelParts {
  readonly placeAddon: (place: Installation, signal?: AbortSignal) => Attempt<AddonOrigin>
  readonly checkAddon: (addon: string, signal?: AbortSignal) => Attempt<{ readonly tensorflow: string }>
  readonly addonSource: () => Promise<string>
}

/** One setup under way: where it ends up, where it is made, and where the wheels wait. */
export interface Run extends WheelRun {
  readonly place: Installation
  readonly temporary: Installation
  readonly accelerator: Accelerator
  readonly parts: SetupParts
}

export const wheelOf: { readonly [A in Accelerator]: string } = { cpu: 'tensorflow-cpu', nvidia: 'tensorflow' }

/** Room for the wheels and what is taken out of them, at the same time. */
export const neededBytes: { readonly [A in Accelerator]: number } = { cpu: 1.2e9, nvidia: 12e9 }

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
  const files = await extractInto(run, wheels, run.temporary.folder, tensorflowPlace)
  if (E.isLeft(files)) return files
  await symlink('libtensorflow_cc.so.2', join(run.temporary.libraries, 'libtensorflow.so'))
  await symlink('libtensorflow_framework.so.2', join(run.temporary.libraries, 'libtensorflow_framework.so'))
  return files
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
    ...filesOf(wheels.right, files.right),
    addon: addon.right,
  }
  await finishInstall(run, contents)
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
    await putInPlace(fresh.addon, present.addon)
    await putInPlace(manifest, present.manifest)
    run.tell({ step: 'install', state: 'finished', what: present.folder })
    return E.right({ ...present, contents })
  } finally {
    await rm(fresh.addon, { force: true })
    await rm(manifest, { force: true })
  }
}
