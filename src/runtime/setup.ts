import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { either as E } from 'fp-ts'
import type { RuntimeProblem } from './error.ts'
import { addonSource, checkAddon, placeAddon } from './native/addon.ts'
import { attempt, makeFolders, throttled } from './native/attempt.ts'
import { pipArguments } from './native/download.ts'
import { ownWheelParts, type SetupEvent } from './native/fetch.ts'
import {
  addonIsCurrent,
  install,
  neededBytes,
  type Run,
  renewAddon,
  type SetupParts,
  wheelOf,
} from './native/install.ts'
import { findInstalled, type Installed } from './native/installed.ts'
import {
  type Accelerator,
  cacheFolder,
  installation,
  installationIn,
  installationName,
  pins,
  prebuiltAddon,
} from './native/layout.ts'
import { detectAccelerator, shownBytes, supportedPlatform } from './native/machine.ts'

export type { SetupEvent, SetupStep } from './native/fetch.ts'
export type { SetupParts } from './native/install.ts'
export type { Installed } from './native/installed.ts'
export type { Accelerator } from './native/layout.ts'

export interface SetupOptions {
  /** Default: `ESPALIER_CACHE`, else the platform's folder for caches. */
  readonly cache?: string
  /** Default: `nvidia` where the NVIDIA driver is, else `cpu`. */
  readonly accelerator?: Accelerator
  /** Progress is told ten times a second at most. */
  readonly onEvent?: (event: SetupEvent) => void
  /** Aborting stops at once and leaves a state from which the next setup goes on. */
  readonly signal?: AbortSignal
  readonly parts?: SetupParts
}

const ownParts: SetupParts = { ...ownWheelParts, placeAddon, checkAddon, addonSource }

const downloadsIn = (cache: string, accelerator: Accelerator): string =>
  join(cache, 'downloads', installationName(accelerator))

/** What a setup would do here, before it does anything. */
export interface SetupPlan {
  readonly accelerator: Accelerator
  readonly folder: string
  readonly downloads: string
  /** `whole`: nothing to do; `addon`: only the addon is another; `resumes`: something was downloaded before. */
  readonly state: 'absent' | 'resumes' | 'addon' | 'whole'
  readonly requirement: string
  /** Where only the first wheel's size is pinned, NVIDIA's libraries are not in it. */
  readonly downloadBytes?: number
  readonly diskBytes: number
  readonly addon: 'prebuilt' | 'built'
  readonly command: string
}

export const planSetup = async (options: SetupOptions = {}): Promise<E.Either<RuntimeProblem, SetupPlan>> => {
  const platform = supportedPlatform()
  if (E.isLeft(platform)) return platform
  const cache = options.cache ?? cacheFolder()
  const accelerator = options.accelerator ?? (await detectAccelerator())
  const downloads = downloadsIn(cache, accelerator)
  const present = await findInstalled(cache, accelerator)
  const current = present !== undefined && (await addonIsCurrent(options.parts ?? ownParts, present))
  const waiting = (await readdir(downloads).catch(() => [])).length > 0 ? 'resumes' : 'absent'
  const requirement = `${wheelOf[accelerator]}==${pins.tensorflow}`
  const bytes = pins.wheels[wheelOf[accelerator]]?.bytes
  return E.right({
    accelerator,
    folder: installationIn(cache, accelerator).folder,
    downloads,
    state: current ? 'whole' : present !== undefined ? 'addon' : waiting,
    requirement,
    downloadBytes: bytes,
    diskBytes: neededBytes[accelerator],
    addon: existsSync(prebuiltAddon) ? 'prebuilt' : 'built',
    command: `python3 ${pipArguments(requirement, downloads).join(' ')}`,
  })
}

const addonLine = (plan: SetupPlan): string =>
  plan.addon === 'prebuilt'
    ? 'put the addon that this package carries beside it'
    : 'build the addon beside it with node-gyp (needs a C++ compiler, make and Python)'

/** The plan as lines for people. */
export const renderSetupPlan = (plan: SetupPlan): string => {
  if (plan.state === 'whole') return `Native TensorFlow ${pins.tensorflow} is set up in ${plan.folder}.`
  if (plan.state === 'addon') return `TensorFlow's library is in ${plan.folder}; this will ${addonLine(plan)}.`
  const size = plan.downloadBytes === undefined ? '' : ` (${shownBytes(plan.downloadBytes)})`
  return [
    `This sets up native TensorFlow ${pins.tensorflow} for ${plan.accelerator === 'nvidia' ? 'NVIDIA GPUs' : 'the CPU'}. It will`,
    `  1. ${plan.state === 'resumes' ? 'go on with the download of' : 'download'} the wheel ${plan.requirement}${size} with pip:`,
    `     ${plan.command}`,
    ...(plan.accelerator === 'nvidia' ? ["     and of NVIDIA's libraries that it names under `and-cuda`"] : []),
    '  2. check its hash, and take the C library and its headers out of it',
    `  3. ${addonLine(plan)}, and load it once`,
    `  4. move the result to ${plan.folder} and delete the download.`,
    `It needs ${shownBytes(plan.diskBytes)} of disk while it runs, installs nothing into Python, and touches no other folder.`,
  ].join('\n')
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
  const { parts = ownParts, signal } = options
  const tell = throttled(options.onEvent ?? (() => {}))
  const place = installationIn(cache, accelerator)
  const temporary = installation(`${place.folder}.${process.pid}.tmp`)
  const downloads = downloadsIn(cache, accelerator)
  const run: Run = { place, temporary, downloads, accelerator, parts, tell, signal }
  const folders = { cache, temporary: temporary.folder, downloads }
  return attempt(folders, signal, async () => {
    const present = await findInstalled(cache, accelerator)
    if (present !== undefined && !(await addonIsCurrent(parts, present))) return renewAddon(run, present)
    if (present !== undefined) {
      tell({ step: 'install', state: 'skipped', what: `${present.folder} is whole` })
      return E.right(present)
    }
    await makeFolders(folders)
    return install(run)
  })
}
