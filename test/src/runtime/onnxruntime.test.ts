import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { either as E } from 'fp-ts'
import { expect, it } from 'vitest'
import { loadOnnxruntime } from '../../../src/runtime/onnxruntime.ts'
import { temporaryFolder } from '../../temporary-folder.ts'

const folder = await temporaryFolder('onnxruntime')

/** A place with a package of that name in it, or without. */
const place = async (name: string, script?: string): Promise<string> => {
  const at = join(folder, name)
  const installed = join(at, 'node_modules/onnxruntime-node/dist')
  await mkdir(script === undefined ? at : installed, { recursive: true })
  if (script !== undefined) {
    await writeFile(join(installed, 'index.js'), script)
    await writeFile(join(installed, '../package.json'), JSON.stringify({ main: 'dist/index.js' }))
  }
  return pathToFileURL(join(at, 'package.json')).href
}

it('takes the package from the first place that has it', async () => {
  const versioned = (version: string) => `exports.env = { versions: { node: '${version}' } }`
  const places = [await place('none'), await place('one', versioned('1.2.3')), await place('other', versioned('4.5.6'))]
  const found = loadOnnxruntime(places)
  expect(E.isRight(found) && found.right).toMatchObject({
    version: '1.2.3',
    folder: expect.stringContaining(join('one', 'node_modules', 'onnxruntime-node')),
  })
})

it('says how to get it where it is not', async () => {
  const found = loadOnnxruntime([await place('nowhere')])
  expect(E.isLeft(found) && found.left).toMatchObject({
    tag: 'not-installed',
    hint: expect.stringContaining('npm install onnxruntime-node'),
  })
})

it('says why a package that is there does not load', async () => {
  const found = loadOnnxruntime([await place('broken', "throw new Error('no such symbol\\nmore')")])
  expect(E.isLeft(found) && found.left).toMatchObject({ tag: 'not-installed', seen: 'no such symbol' })
})
