import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { compile, createZooNetwork, parsePlan, save, toOnnx, toSavedModel } from '../../../src/index.ts'
import { inspectFile } from '../../../src/open/inspected.ts'
import { tritonModel } from '../../../src/open/triton-model.ts'
import { temporaryFolder } from '../../temporary-folder.ts'
import { espalier } from '../cli/espalier.ts'

const meaning = { classes: [...'abcdefghij'] }
const network = createZooNetwork('cifar-resnet-8?classes=10')
const compiled = compile(network, parsePlan('vanilla/0.5/flip@0:geo'), { meaning })

let folder: string
beforeAll(async () => {
  folder = await temporaryFolder('inspected')
})

const writeAll = async (name: string, files: ReadonlyMap<string, string | Uint8Array>): Promise<string> => {
  for (const [file, bytes] of files) {
    const path = join(folder, name, file)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, bytes)
  }
  return join(folder, name)
}

const writeOne = async (name: string, bytes: string | Uint8Array): Promise<string> =>
  join(await writeAll('.', new Map([[name, bytes]])), name)

describe('what is in a file', () => {
  it.each([
    ['onnx', () => writeOne('adaptive.onnx', toOnnx(compiled)), 'espalier.plan'],
    ['saved-model', () => writeAll('saved', toSavedModel(compiled)), 'plan'],
    ['triton', () => writeAll('triton', tritonModel(compiled, meaning, {})), 'espalier.plan'],
  ] as const)('%s', async (form, write, key) => {
    const { form: seen, facts } = await inspectFile(await write())
    expect([seen, facts[key]]).toEqual([form, compiled.plan])
  })

  it('a compiled folder', async () => {
    const path = join(folder, 'compiled')
    await save(compiled, path)
    expect(await inspectFile(path)).toMatchObject({
      form: 'compiled',
      facts: { plan: compiled.plan, input: 'image 32 × 32 × 3', outputs: ['logits: classes [10]'], ...meaning },
    })
    const { stdout } = await espalier(['inspect', path])
    expect(stdout).toMatch(/^key +value\n[─ ]+\nform +compiled\nnetwork +cifar-resnet-8\n/)
  })

  it('results, and lines of answers', async () => {
    const result = await writeOne('result.json', JSON.stringify({ images: 3, answers: Array(50).fill({ index: 1 }) }))
    expect((await inspectFile(result)).shown).toEqual({ images: 3, answers: '50 of them' })
    const lines = await writeOne('answers.jsonl', '{"index":0,"class":"a"}\n{"index":1,"class":"b"}\n')
    expect((await inspectFile(lines)).facts).toEqual({ lines: 2, keys: ['index', 'class'] })
  })

  it('is refused where it is nothing of ours', async () => {
    await expect(inspectFile(await writeOne('notes.txt', 'a graph, not'))).rejects.toThrow('notes.txt')
    await expect(inspectFile(join(folder, 'nowhere'))).rejects.toThrow('nowhere: saw')
  })
})
