import { createHash } from 'node:crypto'
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { either as E, function as F } from 'fp-ts'
import { extract } from 'tar'
import { problem, renderProblem } from '../../../ir/error.ts'
import { makeFolder } from '../../base/make-folder.ts'
import { packageRoot } from '../../base/package.ts'
import { putInPlace } from '../../base/put-in-place.ts'
import type { RuntimeProblem } from '../error.ts'
import { command, lastLines } from './command.ts'
import { type Pins, pins, vendoredFolder } from './layout.ts'

/**
 * Unpacks the JavaScript and the addon's source of the pinned tfjs-node-gpu, which is no dependency because its own
 * install script fails. Run by `npm run vendor`; it never breaks an install: without it WebAssembly remains.
 */

const kept = (path: string): boolean =>
  /^package\/(dist\/.*\.js|binding\/.*|package\.json)$/.test(path) && !/(_test|run_tests)\.js$/.test(path)

const licence = join(packageRoot, 'src/runtime/native/tfjs-node-gpu.LICENSE')

/** Refuses a tarball whose bytes do not have the pinned integrity (`sha512-…`). */
export const checkIntegrity = (
  where: string,
  tarball: Uint8Array,
  integrity: string,
): E.Either<RuntimeProblem, Uint8Array> => {
  const seen = `sha512-${createHash('sha512').update(tarball).digest('base64')}`
  return seen === integrity
    ? E.right(tarball)
    : E.left(problem('wrong-hash', where, seen, integrity, "check npm's registry setting; nothing was unpacked"))
}

const pack = async (pin: Pins, folder: string): Promise<E.Either<RuntimeProblem, Uint8Array>> => {
  const wanted = `${pin.package}@${pin.version}`
  const npm = process.env.npm_execpath
  const [program, first] = npm === undefined ? ['npm', []] : [process.execPath, [npm]]
  const flags = ['--json', '--dry-run=false', '--ignore-scripts', '--workspaces=false', '--pack-destination', folder]
  const packed = await command(program, [...first, 'pack', wanted, ...flags], { cwd: packageRoot })
  const file = join(folder, `${pin.package.replace('@', '').replace('/', '-')}-${pin.version}.tgz`)
  return E.isLeft(packed)
    ? E.left(
        problem('download-failed', `npm pack ${wanted}`, lastLines(packed.left.output), 'a tarball', 'npm run vendor'),
      )
    : F.pipe(await readFile(file), bytes => checkIntegrity(wanted, bytes, pin.integrity))
}

const [whole, core] = ['require("@tensorflow/tfjs")', 'require("@tensorflow/tfjs-core")']
const modified = `${core} in place of ${whole}`

/** Has the files require TensorFlow.js's core, which has all that they use. */
const onCore = async (folder: string): Promise<void> => {
  for (const name of await readdir(folder, { recursive: true })) {
    if (!name.endsWith('.js')) continue
    const file = join(folder, name)
    await writeFile(file, (await readFile(file, 'utf8')).replaceAll(whole, core))
  }
}

/** Takes the scripts and dependencies out: nothing here is ever installed or run by npm. */
const strippedManifest = async (folder: string, { integrity }: Pins): Promise<void> => {
  const file = join(folder, 'package.json')
  const { name, version, license, repository } = JSON.parse(await readFile(file, 'utf8'))
  await writeFile(
    file,
    `${JSON.stringify({ name, version, license, repository, integrity, modified }, undefined, 2)}\n`,
  )
}

const isPresent = async (folder: string, { integrity }: Pins): Promise<boolean> => {
  try {
    const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))
    return manifest.integrity === integrity && manifest.modified === modified
  } catch {
    return false
  }
}

/** Right: whether anything had to be done. */
export const vendor = async (pin: Pins, target: string): Promise<E.Either<RuntimeProblem, 'present' | 'unpacked'>> => {
  if (await isPresent(target, pin)) return E.right('present')
  const temporary = await mkdtemp(join(tmpdir(), 'espalier-vendor-'))
  const unpacked = `${target}.${process.pid}.tmp`
  try {
    const tarball = await pack(pin, temporary)
    if (E.isLeft(tarball)) return tarball
    const file = join(temporary, 'checked.tgz')
    await writeFile(file, tarball.right)
    await makeFolder(unpacked)
    await extract({ file, cwd: unpacked, strip: 1, filter: kept })
    await onCore(unpacked)
    await strippedManifest(unpacked, pin)
    await cp(licence, join(unpacked, 'LICENSE'))
    await rm(target, { recursive: true, force: true })
    await makeFolder(dirname(target))
    await putInPlace(unpacked, target)
    return E.right('unpacked')
  } catch (error) {
    return E.left(problem('cannot-write', target, String(error), 'a folder that can be written', 'npm run vendor'))
  } finally {
    await rm(unpacked, { recursive: true, force: true })
    await rm(temporary, { recursive: true, force: true })
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const done = await vendor(pins, vendoredFolder)
  if (E.isLeft(done)) {
    console.warn(`espalier: the native runtime's JavaScript could not be fetched; WebAssembly remains.`)
    console.warn(renderProblem(done.left))
  }
}
