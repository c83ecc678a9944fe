import { readdirSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { either as E } from 'fp-ts'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Tensor } from '../../../ir/index.ts'
import { orThrow } from '../../../src/base/error.ts'
import { parseSealedJson, sealedJson } from '../../../src/base/sealed-json.ts'
import { calibrationFile, machineName } from '../../../src/compile/calibrate/calibration.ts'
import { readCalibration, shippedCosts, writeCalibration } from '../../../src/compile/calibrate/index.ts'
import { choiceOf, readChoice, writeChoice } from '../../../src/execute/choices.ts'
import { readEvaluation, readTrainingFolder, writeEvaluation } from '../../../src/experiment/sweep/store.ts'
import { openVariantCache } from '../../../src/experiment/variants/cache.ts'
import { compile, createZooNetwork, EspalierError, loadModel, parsePlan, save } from '../../../src/index.ts'
import {
  decodeSafetensors,
  encodeSafetensors,
  encodeSealedSafetensors,
} from '../../../src/network/weights/safetensors.ts'
import { readCompiledFolder } from '../../../src/open/compiled-folder.ts'
import { openSource } from '../../../src/open/network-source.ts'
import { readCheckpoint, trainingFiles, writeCheckpoint, writeNetworkFile } from '../../../src/train/checkpoint.ts'
import { attempted } from '../../attempted.ts'
import { temporaryFolder } from '../../temporary-folder.ts'

const flipped = (bytes: Uint8Array, bit: number): Uint8Array => {
  const copy = Uint8Array.from(bytes)
  copy[bit >> 3] ^= 1 << (bit & 7)
  return copy
}

/** Some bits of bytes, those of the beginning among them. */
const someBits = (bytes: Uint8Array, count: number): readonly number[] =>
  Array.from({ length: count }, (_, k) => Math.floor((k * (bytes.length * 8 - 1)) / (count - 1)))

const tensors = new Map<string, Tensor>([
  ['conv.weight', { shape: [2, 3], data: Float32Array.of(1, -2, 3, 0, 0.5, 1e-9) }],
])
const network = createZooNetwork('cifar-resnet-8?classes=4')

/** Reads a file with each of some of its bits flipped, and then as it was. */
const withEach = async <A>(path: string, count: number, read: () => Promise<A>): Promise<readonly A[]> => {
  const whole = await readFile(path)
  const answers: A[] = []
  for (const bit of someBits(whole, count)) {
    await writeFile(path, flipped(whole, bit))
    answers.push(await read())
  }
  await writeFile(path, whole)
  return answers
}

let warned: readonly string[]
beforeEach(() => {
  warned = []
  vi.spyOn(process, 'emitWarning').mockImplementation(text => {
    warned = [...warned, String(text)]
  })
})
afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
})

describe('bytes with a checksum', () => {
  it('are refused with any one bit flipped: JSON', () => {
    const bytes = sealedJson({ plan: 'flip-3-max', classes: ['ant', 'Bär'], scale: 0.25 })
    expect(parseSealedJson('f', bytes)).toMatchObject(
      E.right({ plan: 'flip-3-max', classes: ['ant', 'Bär'], scale: 0.25 }),
    )
    for (let bit = 0; bit < bytes.length * 8; bit++)
      expect([bit, parseSealedJson('f', flipped(bytes, bit))._tag]).toEqual([bit, 'Left'])
  })

  it('are refused with any one bit flipped: safetensors', () => {
    const bytes = encodeSealedSafetensors(tensors, new Map([['format', 'espalier']]))
    const decoded = decodeSafetensors(bytes)
    expect(E.isRight(decoded) && [...decoded.right.metadata]).toEqual([['format', 'espalier']])
    for (let bit = 0; bit < bytes.length * 8; bit++)
      expect([bit, decodeSafetensors(flipped(bytes, bit))._tag]).toEqual([bit, 'Left'])
  })

  it('say what they should be, and the same bytes again are the same', () => {
    const bytes = encodeSealedSafetensors(tensors)
    expect(encodeSealedSafetensors(tensors)).toEqual(bytes)
    expect(decodeSafetensors(flipped(bytes, bytes.length * 8 - 1), 'a.safetensors')).toMatchObject(
      E.left([
        {
          tag: 'bad-checksum',
          where: 'a.safetensors',
          seen: expect.stringMatching(/^bytes of sha256 [\da-f]{64}$/),
          expected: expect.stringMatching(/^[\da-f]{64}, as it says itself$/),
        },
      ]),
    )
  })

  it('is made anew over JSON that was read with one', () => {
    const read = orThrow(parseSealedJson('f', sealedJson({ plan: 'flip-3-max' })))
    const again = parseSealedJson('f', sealedJson({ ...(read as object), scale: 2 }))
    expect(again).toMatchObject(E.right({ plan: 'flip-3-max', scale: 2 }))
  })

  it('are others’ where they have none', () => {
    const theirs = encodeSafetensors(tensors, new Map([['checksum', 'sha256:12']]))
    expect(E.isRight(decodeSafetensors(theirs))).toBe(true)
    expect(parseSealedJson('f', Buffer.from('{"plan":"vanilla"}'))).toEqual(E.right({ plan: 'vanilla' }))
  })
})

describe('a bit that flips on the disk', () => {
  it('of a compiled folder is noticed, in whichever file, and compiling again mends it', async () => {
    const folder = join(await temporaryFolder('seal'), 'compiled')
    const compiled = compile(network, parsePlan('flip-1-geo'), { meaning: { classes: ['a', 'b', 'c', 'd'] } })
    await save(compiled, folder)
    for (const name of ['manifest.json', 'graph.json', 'weights.safetensors']) {
      const refused = await withEach(join(folder, name), 60, () => attempted(readCompiledFolder(folder)))
      for (const read of refused) expect(E.isLeft(read) && read.left[0].where).toContain(join(folder, name))
    }
    expect(E.isRight(await attempted(readCompiledFolder(folder)))).toBe(true)
    await writeFile(join(folder, 'manifest.json'), flipped(await readFile(join(folder, 'manifest.json')), 0))
    await expect(loadModel(folder)).rejects.toThrow(EspalierError)
    await save(compiled, folder)
    expect(E.isRight(await attempted(readCompiledFolder(folder)))).toBe(true)
  })

  it('of a training is noticed: its state, its weights, its graph', async () => {
    const folder = await temporaryFolder('seal')
    const progress = {
      ...{ network: 'n', plan: 'vanilla', recipe: {}, seed: 0, data: 'd', epoch: 1, step_in_epoch: 0, steps: 3 },
      best: null,
      running: { loss: 0, correct: 0, images: 0 },
    } as never
    await writeCheckpoint(folder, { parameters: tensors, velocities: tensors, progress }, { best: true })
    await writeNetworkFile(folder, network)
    const state = await withEach(join(folder, trainingFiles.state), 100, () => attempted(readCheckpoint(folder)))
    expect(state.every(E.isLeft)).toBe(true)
    const weights = await readFile(join(folder, trainingFiles.best))
    for (const bit of someBits(weights, 100)) expect(E.isLeft(decodeSafetensors(flipped(weights, bit)))).toBe(true)
    const graph = join(folder, trainingFiles.network)
    expect(E.isRight(await attempted(openSource(graph)))).toBe(true)
    expect((await withEach(graph, 40, () => attempted(openSource(graph)))).every(E.isLeft)).toBe(true)
  })

  it('of a sweep is noticed', async () => {
    const training = await readTrainingFolder(await temporaryFolder('seal'))
    const [on, evaluated] = [{ data: 'd' }, { images: 100, seconds: 1, wrong: { vanilla: 31 } }]
    await writeEvaluation(training, on, evaluated)
    expect(await readEvaluation(training, on)).toEqual(evaluated)
    const [name] = readdirSync(training.path)
    const read = () => readEvaluation(training, on).then(String, error => error)
    for (const error of await withEach(join(training.path, name), 60, read)) expect(error).toBeInstanceOf(EspalierError)
  })

  it('of kept logits has them computed anew, with a word', async () => {
    const cache = await temporaryFolder('seal')
    const evaluated = {
      network,
      scan: { labels: undefined, identity: '' },
      preprocess: { size: [32, 32] as const },
      runner: { executor: 'eager', backend: 'cpu', precision: 'float32' },
    } as never
    const kept = await openVariantCache(cache, 2, evaluated)
    const logits = Float32Array.of(1, 2, 3, 4)
    await kept.write('v', logits)
    expect(await kept.read('v')).toEqual(logits)
    expect(warned).toEqual([])
    const [folder] = readdirSync(cache)
    const read = await withEach(join(cache, folder, 'v.safetensors'), 60, () => kept.read('v'))
    expect(read.every(rows => rows.length === 0)).toBe(true)
    expect(warned).toHaveLength(60)
    expect(warned[0]).toContain('v.safetensors')
  })

  it('of what was measured of this machine has it dropped, with a word', async () => {
    const cache = await temporaryFolder('seal')
    vi.stubEnv('ESPALIER_CACHE', cache)
    await writeCalibration('wasm', {
      ...{ format: 'espalier-calibration', version: 1, machine: machineName(), library: 'x', samples: 3 },
      error_percent: { median: 5, p90: 9 },
      costs: shippedCosts.wasm,
    })
    expect(readCalibration('wasm')).toBeDefined()
    const calibrations = await withEach(calibrationFile('wasm'), 60, async () => readCalibration('wasm'))
    expect(calibrations.every(calibration => calibration === undefined)).toBe(true)
    const compiled = compile(network, parsePlan('vanilla'))
    const options = { backend: 'cpu', precision: 'float32', debug: false } as const
    await writeChoice(compiled, 1, options, choiceOf('eager', [{ executor: 'eager', milliseconds: 3 }]))
    expect((await readChoice(compiled, 1, options))?.executor).toBe('eager')
    const [name] = readdirSync(join(cache, 'executors'))
    const choices = await withEach(join(cache, 'executors', name), 60, () => readChoice(compiled, 1, options))
    expect(choices.every(choice => choice === undefined)).toBe(true)
    expect(warned).toHaveLength(120)
  })
})

describe('a cache that cannot be written', () => {
  it('is said once, and that is all', async () => {
    const file = join(await temporaryFolder('seal'), 'file')
    await writeFile(file, '')
    const kept = await openVariantCache(file, 2, {
      network,
      scan: { labels: undefined, identity: '' },
      preprocess: { size: [32, 32] },
      runner: { executor: 'eager', backend: 'cpu', precision: 'float32' },
    } as never)
    for (const key of ['a', 'b']) await kept.write(key, Float32Array.of(1, 2))
    expect(await kept.read('a')).toHaveLength(0)
    expect(warned).toEqual([expect.stringMatching(/^Logits are not kept: .*file\/.*: saw /)])
  })
})
