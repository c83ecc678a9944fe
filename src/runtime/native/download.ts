import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { either as E } from 'fp-ts'
import { problem } from '../../../ir/error.ts'
import { makeFolder } from '../../base/make-folder.ts'
import type { RuntimeProblem } from '../error.ts'
import { command, lastLines } from './command.ts'
import { hasGlibc } from './machine.ts'
import { resumeDownload } from './resume.ts'
import { projectOf } from './wheel.ts'

/** Wheels come through pip, with the indexes, proxies and certificates that the user has set up for it. */

const platforms: readonly string[] = [
  ...['manylinux_2_27_x86_64', 'manylinux_2_17_x86_64', 'manylinux2014_x86_64', 'manylinux1_x86_64'],
  ...(hasGlibc(28) ? ['manylinux_2_28_x86_64'] : []),
]

/** The one wheel that suits the library, whatever Python this machine has. */
const choiceOf = (requirement: string): readonly string[] => [
  ...[requirement, '--no-deps', '--only-binary=:all:', '--python-version', '3.11'],
  ...platforms.flatMap(name => ['--platform', name]),
]

/** What pip is asked for, as a user would type it. */
export const pipArguments = (requirement: string, folder: string): readonly string[] => [
  ...['-m', 'pip', 'download', ...choiceOf(requirement), '--disable-pip-version-check', '--dest', folder],
]

/** The first Python with pip on the path, and what pip says of itself. */
export const findPip = async (): Promise<
  E.Either<RuntimeProblem, { readonly python: string; readonly pip: string }>
> => {
  const seen: string[] = []
  for (const python of ['python3', 'python']) {
    const answer = await command(python, ['-m', 'pip', '--version'])
    if (E.isRight(answer)) return E.right({ python, pip: answer.right.trim().split('\n').at(-1) ?? '' })
    seen.push(answer.left.code === 'ENOENT' ? `no ${python}` : `${python}: ${lastLines(answer.left.output, 1)}`)
  }
  return E.left(
    problem(
      'no-python',
      'python3 -m pip',
      seen.join(', '),
      'a Python with pip on the PATH: the native libraries are published as Python wheels',
      'install python3 and python3-pip with your system, then run `espalier setup` again; without it WebAssembly is used',
    ),
  )
}

/** pip's errors, without the retries and hints around them. */
const pipErrors = (output: string): string => {
  const errors = output.split('\n').filter(line => line.startsWith('ERROR:'))
  return lastLines(errors.length > 0 ? errors.join('\n') : output)
}

const bytesUnder = async (folder: string): Promise<number> => {
  const names = await readdir(folder, { recursive: true }).catch(() => [])
  const sizes = await Promise.all(
    names.map(name =>
      stat(join(folder, name)).then(
        s => (s.isFile() ? s.size : 0),
        () => 0,
      ),
    ),
  )
  return sizes.reduce((sum, size) => sum + size, 0)
}

const pollMilliseconds = 500

export interface DownloadOptions {
  readonly signal?: AbortSignal | undefined
  readonly onBytes?: ((bytes: number) => void) | undefined
}

export const wheelsIn = async (folder: string): Promise<readonly string[]> =>
  (await readdir(folder).catch(() => [])).filter(name => name.endsWith('.whl')).sort()

/** Downloads the wheel of one requirement into a folder; right: its path. Rejects when it is aborted. */
export const downloadWheel = async (
  requirement: string,
  folder: string,
  options: DownloadOptions = {},
): Promise<E.Either<RuntimeProblem, string>> => {
  const found = await findPip()
  if (E.isLeft(found)) return found
  const { python } = found.right
  const resumed = await resumeDownload(python, choiceOf(requirement), folder, options)
  if (resumed !== undefined) return E.right(resumed)
  const partial = join(folder, 'partial')
  await rm(partial, { recursive: true, force: true })
  await makeFolder(partial)
  const timer = setInterval(async () => options.onBytes?.(await bytesUnder(partial)), pollMilliseconds)
  try {
    const done = await command(python, pipArguments(requirement, folder), {
      env: { TMPDIR: partial, PIP_PROGRESS_BAR: 'off' },
      signal: options.signal,
    })
    if (E.isLeft(done) && options.signal?.aborted) return E.left(interrupted(folder))
    if (E.isLeft(done))
      return E.left(
        problem(
          'download-failed',
          `pip download ${requirement}`,
          pipErrors(done.left.output),
          'a wheel',
          'check the network and pip’s index settings (`pip config list`), then run `espalier setup` again: what is complete is kept',
        ),
      )
    const project = projectOf(requirement)
    const wheel = (await wheelsIn(folder)).find(name => projectOf(name) === project)
    return wheel === undefined
      ? E.left(problem('download-failed', folder, lastLines(done.right), `a wheel of ${project}`))
      : E.right(join(folder, wheel))
  } finally {
    clearInterval(timer)
    await rm(partial, { recursive: true, force: true })
  }
}

export const interrupted = (where: string): RuntimeProblem =>
  problem(
    'interrupted',
    where,
    'a request to stop',
    'time to finish',
    'run `espalier setup` again: it goes on from here',
  )
