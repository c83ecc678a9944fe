import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { either as E } from 'fp-ts'
import { create } from 'tar'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { pins } from '../../../src/runtime/native/layout.ts'
import { vendor } from '../../../src/runtime/native/vendor.ts'
import { temporaryFolder } from '../../temporary-folder.ts'

const published: Readonly<Record<string, string>> = {
  'package/package.json': '{"name": "some", "version": "1.0.0", "scripts": {"install": "exit 1"}}',
  'package/dist/index.js': 'exports.tf = require("@tensorflow/tfjs")',
  'package/dist/index_test.js': 'a test',
  'package/binding/backend.cc': 'source',
  'package/scripts/install.js': 'downloads',
}

let folder: string
const realNpm = process.env.npm_execpath

beforeEach(async () => {
  folder = await temporaryFolder('vendor')
  for (const [path, text] of Object.entries(published)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
  await create({ file: join(folder, 'published.tgz'), cwd: folder, gzip: true }, ['package'])
  const npm = join(folder, 'npm.cjs')
  const copied = `require('fs').copyFileSync(${JSON.stringify(join(folder, 'published.tgz'))}, to + '/some-1.0.0.tgz')`
  await writeFile(npm, `const to = process.argv[process.argv.indexOf('--pack-destination') + 1]; ${copied}`)
  process.env.npm_execpath = npm
})

afterEach(async () => {
  if (realNpm === undefined) delete process.env.npm_execpath
  else process.env.npm_execpath = realNpm
})

const pinOf = (integrity: string) => ({ ...pins, package: 'some', version: '1.0.0', integrity })

const trueIntegrity = async () =>
  `sha512-${createHash('sha512')
    .update(await readFile(join(folder, 'published.tgz')))
    .digest('base64')}`

it('unpacks the JavaScript and the source once, without tests and scripts', async () => {
  const target = join(folder, 'out/vendored')
  const pin = pinOf(await trueIntegrity())
  expect(await vendor(pin, target)).toEqual(E.right('unpacked'))
  expect(await vendor(pin, target)).toEqual(E.right('present'))
  expect((await readdir(target, { recursive: true })).sort()).toEqual(
    ['LICENSE', 'binding', 'binding/backend.cc', 'dist', 'dist/index.js', 'package.json'].sort(),
  )
  expect(await readFile(join(target, 'package.json'), 'utf8')).not.toContain('scripts')
  expect(await readFile(join(target, 'dist/index.js'), 'utf8')).toBe('exports.tf = require("@tensorflow/tfjs-core")')
})

it('refuses a tarball of another integrity and unpacks nothing', async () => {
  const target = join(folder, 'out/vendored')
  const refused = await vendor(pinOf(pins.integrity), target)
  expect(E.isLeft(refused) && refused.left).toMatchObject({ tag: 'wrong-hash', expected: pins.integrity })
  expect(existsSync(target)).toBe(false)
})
