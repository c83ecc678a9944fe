import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cp, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { builtinModules, createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { packageRoot } from '../../../src/base/package.ts'
import { vendoredFolder } from '../../../src/runtime/native/layout.ts'
import { temporaryFolder } from '../../temporary-folder.ts'

/** Strict package managers let a package reach what it declares and nothing else. */

const manifest = JSON.parse(await readFile(join(packageRoot, 'package.json'), 'utf8'))
const declared: readonly string[] = [
  ...Object.keys(manifest.dependencies),
  ...Object.keys(manifest.optionalDependencies),
  ...Object.keys(manifest.peerDependencies),
]

const packageOf = (specifier: string): string => specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
const isForeign = (specifier: string): boolean =>
  !/^(\.|\/|node:|#|\$)/.test(specifier) && !builtinModules.includes(specifier)
const specifiersIn = (text: string, pattern: RegExp): readonly string[] => [...text.matchAll(pattern)].map(m => m[1])

const foldersOf = async (folder: string): Promise<readonly string[]> =>
  (await readdir(join(packageRoot, folder), { recursive: true }))
    .filter(file => file.endsWith('.ts'))
    .map(file => join(packageRoot, folder, file))

/** What the files of the library import when they run: not types, not the clone's own steps, not what is bundled. */
const imported = async (): Promise<ReadonlySet<string>> => {
  const files = (await Promise.all(['ir', 'passes', 'src'].map(foldersOf)))
    .flat()
    .filter(file => !/native\/(vendor|prebuild)\.ts$|report\/page\/(echarts\.ts$|browser\/)/.test(file))
  const texts = await Promise.all(files.map(file => readFile(file, 'utf8')))
  const code = texts.map(text =>
    text.replace(/^import type[^;]*?from '[^']*'$/gms, '').replace(/import\('[^']*'\)\./g, ''),
  )
  const pattern = /(?:^(?:import|export)[^'"]*?from |^import |\bimport\(|\brequire\()'([^'\n]+)'/gms
  return new Set(
    code
      .flatMap(text => specifiersIn(text, pattern))
      .filter(isForeign)
      .map(packageOf),
  )
}

/** The files of the vendored package that the native backend loads, and whatever they require. */
const vendored = async (): Promise<{ readonly files: ReadonlySet<string>; readonly packages: ReadonlySet<string> }> => {
  const files = new Set<string>()
  const packages = new Set<string>()
  const visit = async (file: string): Promise<void> => {
    if (files.has(file)) return
    files.add(file)
    for (const specifier of specifiersIn(await readFile(file, 'utf8'), /\brequire\(['"]([^'"\n]+)['"]\)/g)) {
      if (isForeign(specifier)) packages.add(packageOf(specifier))
      else if (specifier.startsWith('.')) await visit(createRequire(file).resolve(specifier))
    }
  }
  for (const entry of ['register_all_kernels', 'nodejs_kernel_backend', 'saved_model'])
    await visit(join(vendoredFolder, 'dist', `${entry}.js`))
  return { files, packages }
}

describe('what is used and not declared', () => {
  it('is nothing in the library', async () => {
    const used = await imported()
    expect([...used]).toContain('fp-ts')
    expect([...used].filter(name => !declared.includes(name) && name !== 'espalier')).toEqual([])
  })

  it.skipIf(!existsSync(vendoredFolder))('is nothing in what the native backend loads', async () => {
    const { files, packages } = await vendored()
    expect(files.size).toBeGreaterThan(100)
    expect([...packages].filter(name => !declared.includes(name))).toEqual([])
  })
})

describe.skipIf(!existsSync(vendoredFolder))('beside links to declared dependencies alone', () => {
  it('the native kernels load, with the one TensorFlow.js there is', async () => {
    const store = join(await temporaryFolder('strict'), 'node_modules/.pnpm/espalier@0.1.0/node_modules')
    const at = join(store, 'espalier')
    await mkdir(at, { recursive: true })
    await cp(join(packageRoot, 'package.json'), join(at, 'package.json'))
    await cp(vendoredFolder, join(at, 'dist/native/tfjs-node-gpu'), { recursive: true })
    for (const name of Object.keys(manifest.dependencies)) {
      await mkdir(dirname(join(store, name)), { recursive: true })
      await symlink(join(packageRoot, 'node_modules', name), join(store, name))
    }
    const script = join(at, 'try.cjs')
    await writeFile(
      script,
      `for (const file of ['register_all_kernels', 'nodejs_kernel_backend', 'saved_model'])
         require('./dist/native/tfjs-node-gpu/dist/' + file)
       const tf = require('@tensorflow/tfjs-core')
       console.log(tf.getKernel('FlipLeftRight', 'tensorflow') !== undefined)`,
    )
    const { stdout } = await promisify(execFile)(process.execPath, [script])
    expect(stdout).toBe('true\n')
  })
})
