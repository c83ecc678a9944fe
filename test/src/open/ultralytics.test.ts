import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { compile, createZooNetwork, parsePlan, toOnnx } from '../../../src/index.ts'
import { onnxSchema } from '../../../src/network/import/onnx/schema.ts'
import { openSource } from '../../../src/open/network-source.ts'
import { temporaryFolder } from '../../temporary-folder.ts'

const type = onnxSchema.lookupType('ModelProto')
const bytes = toOnnx(compile(createZooNetwork('cifar-resnet-8?classes=3'), parsePlan('vanilla')))

const said = { author: 'Ultralytics', version: '8.4.190', task: 'classify', names: "{0: 'a', 1: 'b', 2: 'c'}" }

/** A file of three classes with what Ultralytics writes into its own. */
const opened = async (metadata: Readonly<Record<string, string>>) => {
  const model = type.toObject(type.decode(bytes))
  const metadata_props = Object.entries(metadata).map(([key, value]) => ({ key, value }))
  const path = join(await temporaryFolder('ultralytics'), 'yolo.onnx')
  await writeFile(path, type.encode(type.fromObject({ ...model, metadata_props })).finish())
  const source = await openSource(path)
  if (source.kind !== 'network') throw new Error(source.kind)
  return source
}

describe('a file that Ultralytics exported', () => {
  it('says how a classifier is fed and what its classes are called', async () => {
    const { meaning, network } = await opened(said)
    expect(meaning).toEqual({
      preprocess: { size: [32, 32], resize: 'shorter-side', resize_to: 32, crop: 'center', scale: 1 / 255 },
      classes: ['a', 'b', 'c'],
    })
    expect(network.notes?.at(-1)).toContain('as Ultralytics feeds its classifiers')
  })

  it.each<readonly [written: string, names: readonly string[] | undefined]>([
    [`{0: "jack-o'-lantern", 1: 'say "it\\'s"', 2: 'a, b: {c}'}`, ["jack-o'-lantern", 'say "it\'s"', 'a, b: {c}']],
    [`{0: 'caf\\xe9', 1: '\\u00e9\\U0001f600', 2: 'back\\\\slash\\n'}`, ['café', 'é😀', 'back\\slash\n']],
    [`{1: 'a', 2: 'b', 3: 'c'}`, undefined],
    [`{0: 'a', 1: b, 2: 'c'}`, undefined],
    [`{0: 'a', 1: 'b', 2: 'c'`, undefined],
    ['{}', undefined],
    ['', undefined],
  ])('has names as Python writes them: %s', async (names, classes) => {
    expect((await opened({ ...said, names })).meaning.classes).toEqual(classes)
  })

  it.each<readonly [why: string, metadata: Readonly<Record<string, string>>, keys: readonly string[]]>([
    ['fed otherwise before 8.2', { ...said, version: '8.1.47' }, ['classes']],
    ['fed with borders as a segmenter', { ...said, task: 'semantic' }, ['classes']],
    ['a detector', { ...said, task: 'detect' }, []],
    ['by somebody else', { ...said, author: 'me' }, []],
    [
      'compiled since, under its own words',
      { ...said, 'espalier.classes': '["x","y","z"]', 'espalier.plan': 'vanilla' },
      ['preprocess', 'classes'],
    ],
  ])('says no more than is known: %s', async (_, metadata, keys) => {
    const { meaning } = await opened(metadata)
    expect(Object.keys(meaning)).toEqual(keys)
    if ('espalier.classes' in metadata) expect(meaning.classes).toEqual(['x', 'y', 'z'])
  })
})
