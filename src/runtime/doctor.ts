import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { availableParallelism, cpus } from 'node:os'
import { join } from 'node:path'
import type { Rank } from '@tensorflow/tfjs-core'
import { either as E } from 'fp-ts'
import { renderProblem } from '../../ir/error.ts'
import { packageVersion } from '../base/package.ts'
import { type Backend, type OpenOptions, openBackend } from './backend.ts'
import { type BackendName, backendNames } from './backend-names.ts'
import { bfloat16Support } from './bfloat16.ts'
import type { RuntimeProblem } from './error.ts'
import { type GraphRuntime, graphRuntimes } from './graph-runtimes.ts'
import { describeChoices, type KeptChoices, keptChoices } from './kept-choices.ts'
import { addonSource, checkAddon } from './native/addon.ts'
import { findPip } from './native/download.ts'
import { bestInstalled } from './native/installed.ts'
import { cacheFolder, pins, vendoredFolder } from './native/layout.ts'
import { oneDnn } from './native/load.ts'
import { describePlatform, nvidiaDevices, supportedPlatform } from './native/machine.ts'

/** One backend, tried on a convolution. */
export interface BackendReport {
  readonly name: BackendName
  readonly works: boolean
  readonly describe: string
  /** From asking for it to the convolution's result. */
  readonly milliseconds: number
}

/** What this machine has and which backends work on it. */
export interface Report {
  readonly espalier: string
  readonly node: string
  readonly platform: string
  readonly processor: string
  readonly cores: number
  readonly supported: boolean
  readonly backends: readonly BackendReport[]
  /** The backend that `auto` takes. */
  readonly best: BackendName | undefined
  /** Optional runtimes of exported graphs. */
  readonly executors: readonly GraphRuntime[]
  /** What `auto` remembers of its choices between executors. */
  readonly choices: KeptChoices
  /** What the processor computes bfloat16 with; undefined: it would be emulated. */
  readonly bfloat16: string | undefined
  readonly native: {
    readonly cache: string
    readonly folder: string | undefined
    readonly tensorflow: string | undefined
    readonly accelerator: string | undefined
    /** Whether TensorFlow computes with oneDNN's kernels, and who says so. */
    readonly oneDnn: string
    readonly addon: string | undefined
    readonly addonIsCurrent: boolean
    readonly vendored: boolean
    /** Downloads of an interrupted setup. */
    readonly waiting: readonly string[]
  }
  readonly python: string
  readonly nvidia: readonly string[]
  readonly next: readonly string[]
}

/** A 3×3 window of ones over a 4×4 ramp, `SAME`: its top left output is 0 + 1 + 4 + 5. */
const tryConvolution = async ({ tf }: Backend): Promise<string | undefined> => {
  const image = tf.reshape<Rank.R4>(tf.range(0, 16), [1, 4, 4, 1])
  const filter = tf.ones<Rank.R4>([3, 3, 1, 1])
  const out = tf.conv2d(image, filter, 1, 'same')
  const [first] = await out.data()
  tf.dispose([image, filter, out])
  return first === 10 ? undefined : `computes a convolution wrongly: ${first} instead of 10`
}

/** In a process of its own first: a library that this processor cannot run would end ours before it reports. */
const survives = async (name: BackendName, { cache }: OpenOptions): Promise<E.Either<RuntimeProblem, unknown>> => {
  const installed = name === 'node-gpu' ? await bestInstalled(cache) : undefined
  return installed === undefined ? E.right(undefined) : checkAddon(installed.addon)
}

const tryBackend = async (name: BackendName, options: OpenOptions): Promise<BackendReport> => {
  const survived = await survives(name, options)
  const start = performance.now()
  const since = () => Math.round(performance.now() - start)
  const opened = E.isLeft(survived) ? survived : await openBackend(name, options)
  if (E.isLeft(opened)) return { name, works: false, describe: renderProblem(opened.left), milliseconds: since() }
  const wrong = await tryConvolution(opened.right).catch((error: Error) => error.message)
  return { name, works: wrong === undefined, describe: wrong ?? opened.right.describe, milliseconds: since() }
}

/** One after another, worst first, so that the best stays the one that TensorFlow.js computes with. */
const tryBackends = async (options: OpenOptions): Promise<readonly BackendReport[]> => {
  const reports: BackendReport[] = []
  for (const name of [...backendNames].reverse()) reports.unshift(await tryBackend(name, options))
  const best = reports.find(report => report.works)
  if (best !== undefined) await openBackend(best.name, options)
  return reports
}

const whatNext = (report: Omit<Report, 'next'>): readonly string[] => {
  const { native, backends, nvidia } = report
  const nativeWorks = backends.some(b => b.name === 'node-gpu' && b.works)
  if (!report.supported) return ['Nothing: TensorFlow’s library is not made for this platform; WebAssembly is used.']
  const steps = [
    ...(native.vendored ? [] : ['Run `npm run vendor` in the clone: the native runtime’s JavaScript is missing.']),
    ...(report.python === '' && native.folder === undefined
      ? ['Install python3 and pip: setup downloads with them.']
      : []),
    ...(native.folder === undefined
      ? [`Run \`espalier setup\`: native TensorFlow is several times faster than WebAssembly.`]
      : !nativeWorks
        ? ['Run `espalier setup` again: the installation does not work.']
        : !native.addonIsCurrent
          ? ['Run `espalier setup` again, when convenient: it works, but its addon was compiled for another version.']
          : []),
    ...(nvidia.length > 0 && native.folder !== undefined && native.accelerator !== 'nvidia'
      ? ['Run `espalier setup` for the NVIDIA device: only the CPU library is there.']
      : []),
  ]
  return steps.length === 0 ? ['Nothing: the native runtime works.'] : steps
}

/** Looks at the machine and tries every backend on a small convolution; changes nothing on disk. */
export const doctor = async (options: OpenOptions = {}): Promise<Report> => {
  const cache = options.cache ?? cacheFolder()
  const [installed, python, nvidia] = await Promise.all([bestInstalled(cache), findPip(), nvidiaDevices()])
  const waiting = await readdir(join(cache, 'downloads')).catch(() => [])
  const backends = await tryBackends(options)
  const bfloat16 = bfloat16Support()
  const report = {
    espalier: packageVersion,
    node: process.version,
    platform: describePlatform(),
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    supported: E.isRight(supportedPlatform()),
    backends,
    best: backends.find(b => b.works)?.name,
    executors: await graphRuntimes(cache),
    choices: await keptChoices(cache),
    bfloat16: E.isRight(bfloat16) ? bfloat16.right : undefined,
    native: {
      cache,
      folder: installed?.folder,
      tensorflow: installed?.contents.tensorflow,
      accelerator: installed?.contents.accelerator,
      oneDnn: oneDnn(),
      addon: installed === undefined ? undefined : `${installed.contents.addon.origin}, ${installed.addon}`,
      addonIsCurrent: installed !== undefined && installed.contents.addon.source === (await addonSource()),
      vendored: existsSync(vendoredFolder),
      waiting,
    },
    python: E.isRight(python) ? `${python.right.python}: ${python.right.pip}` : '',
    nvidia,
  }
  return { ...report, next: whatNext(report) }
}

/** The report as lines for people. */
export const renderReport = (r: Report): string =>
  [
    `espalier ${r.espalier}, Node ${r.node}, ${r.platform}`,
    `${r.processor}, ${r.cores} core${r.cores === 1 ? '' : 's'}, ${r.bfloat16 === undefined ? 'no bfloat16' : `bfloat16 by ${r.bfloat16}`}`,
    '',
    'Backends, best first',
    ...r.backends.map(
      b =>
        `  ${b.works ? 'works' : '-    '}  ${b.name.padEnd(8)}  ${b.describe}${b.works ? `, ${b.milliseconds} ms to a first convolution` : ''}`,
    ),
    '',
    'Executors of exported graphs, none of them needed',
    ...r.executors.map(
      ({ name, works, describe, hint }) =>
        `  ${works ? 'works' : '-    '}  ${name.padEnd(8)}  ${describe}${hint === undefined ? '' : `: ${hint}`}`,
    ),
    '',
    'Executors that auto chose here',
    `  remembered  ${describeChoices(r.choices)}`,
    '',
    'Native runtime',
    `  TensorFlow  ${r.native.tensorflow === undefined ? `not set up (wanted: ${pins.tensorflow})` : `${r.native.tensorflow} (${r.native.accelerator})`}`,
    `  oneDNN      ${r.native.oneDnn}`,
    `  library     ${r.native.folder ?? 'none'}`,
    `  addon       ${r.native.addon ?? 'none'}`,
    `  cache       ${r.native.cache}`,
    ...(r.native.waiting.length > 0 ? [`  unfinished  ${r.native.waiting.join(', ')}`] : []),
    `  Python      ${r.python || 'no python3 with pip on the PATH'}`,
    `  NVIDIA      ${r.nvidia.length === 0 ? 'no device' : r.nvidia.join('; ')}`,
    '',
    ...r.next.map(line => `Next: ${line}`),
  ].join('\n')
