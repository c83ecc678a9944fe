import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, copyFile, cp, mkdir, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { either as E } from 'fp-ts'
import { problem } from '../../../ir/error.ts'
import { makeFolder } from '../../base/make-folder.ts'
import { packageRoot } from '../../base/package.ts'
import type { RuntimeProblem } from '../error.ts'
import { command, lastLines } from './command.ts'
import { addonName, type Installation, pins, platformName, prebuiltAddon, vendoredFolder } from './layout.ts'
import { sha256Of } from './wheel.ts'

/** The addon between Node and TensorFlow's C library. It uses Node-API 8 only, so one binary serves every Node. */

const recipe = join(packageRoot, 'src/runtime/native/addon')

export type AddonOrigin = 'prebuilt' | 'built'

const nodeGyp = (): string | undefined => {
  try {
    return createRequire(import.meta.url).resolve('node-gyp/bin/node-gyp.js')
  } catch {
    return undefined
  }
}

/** Headers beside the running Node spare node-gyp a download. */
const headersBesideNode = (): readonly string[] => {
  const prefix = dirname(dirname(process.execPath))
  return existsSync(join(prefix, 'include/node/node_api.h')) ? [`--nodedir=${prefix}`] : []
}

/** What the compiler, the linker, make and node-gyp say went wrong, without their stacks and versions. */
const buildErrors = (output: string): string => {
  const errors = output.split('\n').filter(line => /\berror:|not found:|No such file/i.test(line))
  return errors.length > 0 ? errors.slice(0, 5).join('\n  ') : lastLines(output, 12)
}

/** Builds the addon from the vendored source against an installation's headers and libraries, into `target`. */
export const buildAddon = async (
  { libraries, include }: Installation,
  target: string,
  signal?: AbortSignal,
): Promise<E.Either<RuntimeProblem, AddonOrigin>> => {
  const gyp = nodeGyp()
  const source = join(vendoredFolder, 'binding')
  if (gyp === undefined || !existsSync(source) || !existsSync(recipe))
    return E.left(
      problem(
        'no-addon',
        prebuiltAddon,
        gyp === undefined ? 'no prebuilt addon, and no node-gyp to build one' : `no prebuilt addon, and no ${source}`,
        `an addon for ${platformName}`,
        'install a release of espalier that carries it, or run `npm ci` in a clone with a network',
      ),
    )
  const folder = await mkdtemp(join(tmpdir(), 'espalier-addon-'))
  try {
    await cp(recipe, folder, { recursive: true })
    await cp(source, join(folder, 'binding'), { recursive: true })
    await mkdir(join(folder, 'deps'))
    await symlink(libraries, join(folder, 'deps/lib'))
    await symlink(include, join(folder, 'deps/include'))
    const built = await command(process.execPath, [gyp, 'rebuild', ...headersBesideNode()], {
      cwd: folder,
      signal,
    })
    if (E.isLeft(built))
      return E.left(
        problem(
          'build-failed',
          'node-gyp rebuild',
          buildErrors(built.left.output),
          'a built addon',
          'install a C++ compiler, make and Python (Debian: `apt-get install build-essential python3`)',
        ),
      )
    await makeFolder(dirname(target))
    await copyFile(join(folder, 'build/Release', addonName), target)
    return E.right('built')
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** A name for what `placeAddon` would put there: it changes with the prebuilt addon, or with what one is built from. */
export const addonSource = async (): Promise<string> => {
  if (existsSync(prebuiltAddon)) return `prebuilt ${await sha256Of(prebuiltAddon)}`
  const hash = createHash('sha256').update(pins.integrity)
  for (const name of (await readdir(recipe).catch(() => [])).sort()) hash.update(await readFile(join(recipe, name)))
  return `built ${hash.digest('hex')}`
}

/** Puts the addon into an installation: the package's prebuilt one, else one built here. */
export const placeAddon = async (
  installation: Installation,
  signal?: AbortSignal,
): Promise<E.Either<RuntimeProblem, AddonOrigin>> => {
  if (!existsSync(prebuiltAddon)) return buildAddon(installation, installation.addon, signal)
  await makeFolder(dirname(installation.addon))
  await copyFile(prebuiltAddon, installation.addon)
  await chmod(installation.addon, 0o755)
  return E.right('prebuilt')
}

/** Loads the addon in a process of its own: a library that this processor cannot run would end ours. */
export const checkAddon = async (
  addon: string,
  signal?: AbortSignal,
): Promise<E.Either<RuntimeProblem, { readonly tensorflow: string }>> => {
  const script = 'process.stdout.write("version:" + require(process.argv[1]).TF_Version)'
  const loaded = await command(process.execPath, ['-e', script, addon], {
    env: { TF_CPP_MIN_LOG_LEVEL: '2', NODE_OPTIONS: '' },
    signal,
  })
  return E.isRight(loaded)
    ? E.right({ tensorflow: loaded.right.split('version:').at(-1) ?? '' })
    : E.left(
        problem(
          'addon-does-not-load',
          addon,
          `${loaded.left.code}: ${lastLines(loaded.left.output, 6)}`,
          'TensorFlow’s library to load in a Node process',
          'TensorFlow needs glibc 2.27 and a processor with AVX; without it WebAssembly is used',
        ),
      )
}
