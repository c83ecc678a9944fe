import { existsSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { either as E } from 'fp-ts'
import { problem } from '../../../ir/error.ts'
import { makeFolder } from '../../base/make-folder.ts'
import type { RuntimeProblem } from '../error.ts'
import { command } from './command.ts'
import { type Accelerator, platformName } from './layout.ts'

/** What this machine is, as far as the native libraries care. */

const glibc = (): string | undefined => {
  const report = process.report?.getReport() as { header?: { glibcVersionRuntime?: string } } | undefined
  return report?.header?.glibcVersionRuntime
}

export const describePlatform = (): string =>
  `${platformName}${process.platform === 'linux' ? `, ${glibc() === undefined ? 'no glibc' : `glibc ${glibc()}`}` : ''}`

/** Whether the C library is glibc 2.`minor` or later. */
export const hasGlibc = (minor: number): boolean => {
  const [major = 0, seen = 0] = (glibc() ?? '0.0').split('.').map(Number)
  return major > 2 || (major === 2 && seen >= minor)
}

/** Of glibc, the least that TensorFlow's wheel and OpenVINO's are for. */
export const leastGlibc = { tensorflow: 27, openvino: 28 } as const

/** Whether there is a wheel for this machine: both libraries' are for glibc on x86-64. */
export const supportedPlatform = (library: keyof typeof leastGlibc = 'tensorflow'): E.Either<RuntimeProblem, string> =>
  platformName === 'linux-x64' && hasGlibc(leastGlibc[library])
    ? E.right(platformName)
    : E.left(
        problem(
          'unsupported-platform',
          library === 'tensorflow' ? 'the native runtime' : library,
          describePlatform(),
          `linux-x64 with glibc 2.${leastGlibc[library]} or later`,
          'use WebAssembly (`--backend wasm`): it needs no setup',
        ),
      )

/** The NVIDIA devices that the driver shows, by name; empty: no driver. */
export const nvidiaDevices = async (): Promise<readonly string[]> => {
  const listed = await command('nvidia-smi', ['--query-gpu=name,driver_version', '--format=csv,noheader'])
  if (E.isRight(listed)) return listed.right.split('\n').filter(line => line.trim() !== '')
  return existsSync('/proc/driver/nvidia/version') ? ['a device of the NVIDIA driver'] : []
}

export const detectAccelerator = async (): Promise<Accelerator> =>
  (await nvidiaDevices()).length > 0 ? 'nvidia' : 'cpu'

const gigabyte = 1e9

export const shownBytes = (bytes: number): string =>
  bytes >= gigabyte ? `${(bytes / gigabyte).toFixed(1)} GB` : `${Math.round(bytes / 1e6)} MB`

/** Refuses to start what the disk cannot hold. */
export const checkSpace = async (folder: string, needed: number): Promise<E.Either<RuntimeProblem, number>> => {
  await makeFolder(folder)
  const { bavail, bsize } = await statfs(folder)
  const free = bavail * bsize
  return free >= needed
    ? E.right(free)
    : E.left(
        problem(
          'no-space',
          folder,
          `${shownBytes(free)} free`,
          `${shownBytes(needed)}`,
          'free some, or set ESPALIER_CACHE to a folder on another disk',
        ),
      )
}
