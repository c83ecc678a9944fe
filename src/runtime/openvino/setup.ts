import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { either as E } from 'fp-ts'
import type { RuntimeProblem } from '../error.ts'
import { attempt, makeFolders, throttled } from '../native/attempt.ts'
import { pipArguments } from '../native/download.ts'
import {
  type Attempt,
  extractInto,
  fetchWheel,
  filesOf,
  finishInstall,
  ownWheelParts,
  type SetupEvent,
  type WheelParts,
  type WheelRun,
} from '../native/fetch.ts'
import { cacheFolder, pins } from '../native/layout.ts'
import { checkSpace, shownBytes, supportedPlatform } from '../native/machine.ts'
import { checkOpenvino, type OpenvinoVersion } from './check.ts'
import {
  findOpenvino,
  type InstalledOpenvino,
  type OpenvinoInstallation,
  openvinoFolder,
  openvinoIn,
  openvinoName,
  openvinoPlace,
} from './installed.ts'

/** The parts of a setup that reach outside; tests bring their own. */
export interface OpenvinoParts extends WheelParts {
  readonly check: (library: string, signal?: AbortSignal) => Attempt<OpenvinoVersion>
}

export interface OpenvinoSetupOptions {
  /** Default: `ESPALIER_CACHE`, else the platform's folder for caches. */
  readonly cache?: string
  readonly onEvent?: (event: SetupEvent) => void
  /** Aborting stops at once and leaves a state from which the next setup goes on. */
  readonly signal?: AbortSignal
  readonly parts?: OpenvinoParts
}

/** What setting up OpenVINO would do here, before it does anything. */
export interface OpenvinoPlan {
  readonly folder: string
  readonly downloads: string
  readonly state: 'absent' | 'resumes' | 'whole'
  readonly requirement: string
  readonly downloadBytes: number | undefined
  readonly diskBytes: number
  readonly command: string
}

const ownParts: OpenvinoParts = { ...ownWheelParts, check: checkOpenvino }

const requirement = `openvino==${pins.openvino}`

/** Room for the wheel and what is taken out of it, at the same time. */
const neededBytes = 170e6

const downloadsIn = (cache: string): string => join(cache, 'downloads', openvinoName)

export const planOpenvino = async ({
  cache = cacheFolder(),
}: OpenvinoSetupOptions = {}): Promise<E.Either<RuntimeProblem, OpenvinoPlan>> => {
  const platform = supportedPlatform('openvino')
  if (E.isLeft(platform)) return platform
  const downloads = downloadsIn(cache)
  const waiting = (await readdir(downloads).catch(() => [])).length > 0 ? 'resumes' : 'absent'
  return E.right({
    folder: openvinoFolder(cache),
    downloads,
    state: (await findOpenvino(cache)) === undefined ? waiting : 'whole',
    requirement,
    downloadBytes: pins.wheels.openvino?.bytes,
    diskBytes: neededBytes,
    command: `python3 ${pipArguments(requirement, downloads).join(' ')}`,
  })
}

/** The plan as lines for people. */
export const renderOpenvinoPlan = (plan: OpenvinoPlan): string => {
  if (plan.state === 'whole') return `OpenVINO ${pins.openvino} is set up in ${plan.folder}.`
  const size = plan.downloadBytes === undefined ? '' : ` (${shownBytes(plan.downloadBytes)})`
  return [
    `This sets up OpenVINO ${pins.openvino} for the CPU. It will`,
    `  1. ${plan.state === 'resumes' ? 'go on with the download of' : 'download'} the wheel ${plan.requirement}${size} with pip:`,
    `     ${plan.command}`,
    '  2. check its hash, take the runtime, the CPU plugin and the ONNX frontend out of it, and load them once',
    `  3. move the result to ${plan.folder} and delete the download.`,
    `It needs ${shownBytes(plan.diskBytes)} of disk while it runs, installs nothing into Python, and touches no other folder.`,
  ].join('\n')
}

interface Run extends WheelRun {
  readonly place: OpenvinoInstallation
  readonly temporary: OpenvinoInstallation
  readonly parts: OpenvinoParts
}

const install = async (run: Run): Attempt<InstalledOpenvino> => {
  const wheel = await fetchWheel(run, requirement)
  if (E.isLeft(wheel)) return wheel
  const files = await extractInto(run, [wheel.right], run.temporary.folder, openvinoPlace)
  if (E.isLeft(files)) return files
  const loaded = await run.parts.check(run.temporary.library, run.signal)
  if (E.isLeft(loaded)) return loaded
  run.tell({ step: 'check', state: 'finished', what: `OpenVINO ${loaded.right.version} loads` })
  const contents = { openvino: loaded.right.version, ...filesOf([wheel.right], files.right) }
  await finishInstall(run, contents)
  return E.right({ ...run.place, contents })
}

/** Puts OpenVINO's libraries into the user's cache, once, as `setup` does TensorFlow's. Left: what was in the way. */
export const setupOpenvino = async (
  options: OpenvinoSetupOptions = {},
): Promise<E.Either<RuntimeProblem, InstalledOpenvino>> => {
  const platform = supportedPlatform('openvino')
  if (E.isLeft(platform)) return platform
  const { cache = cacheFolder(), parts = ownParts, signal } = options
  const tell = throttled(options.onEvent ?? (() => {}))
  const place = openvinoIn(openvinoFolder(cache))
  const temporary = openvinoIn(`${place.folder}.${process.pid}.tmp`)
  const folders = { cache, temporary: temporary.folder, downloads: downloadsIn(cache) }
  return attempt(folders, signal, async () => {
    const present = await findOpenvino(cache)
    if (present !== undefined) {
      tell({ step: 'install', state: 'skipped', what: `${present.folder} is whole` })
      return E.right(present)
    }
    await makeFolders(folders)
    const space = await checkSpace(temporary.folder, neededBytes)
    return E.isLeft(space) ? space : install({ place, temporary, downloads: folders.downloads, parts, tell, signal })
  })
}
