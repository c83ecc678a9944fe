import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { either as E } from 'fp-ts'
import type { Random } from '../../../src/base/random.ts'
import { seal, unfilled } from '../../../src/base/seal.ts'
import { openModel } from '../../../src/execute/model.ts'
import { decodeSafetensors, encodeSafetensors, readSafetensorsFile } from '../../../src/network/weights/safetensors.ts'
import { readCompiledFolder } from '../../../src/open/compiled-folder.ts'
import { openSource } from '../../../src/open/network-source.ts'
import { readCheckpoint } from '../../../src/train/checkpoint.ts'
import { attempted } from '../../attempted.ts'
import { inputsOf } from '../check/agree.ts'
import { goOn, predictOnWasm, workOf } from '../check/network.ts'
import { bytesOf, Disagreement, type Files, type Format, textOf, withFile } from '../format.ts'
import { mutateBytes } from '../mutate/bytes.ts'
import { pick, weighted } from '../mutate/draw.ts'
import { mutateGraph } from '../mutate/graph.ts'
import { mutateJson, smallerBinary, smallerJson } from '../mutate/json.ts'
import { tagsOf } from './networks.ts'

/** A file's header and the bytes behind it. */
const parts = (bytes: Uint8Array): { readonly header: string; readonly data: Uint8Array } => {
  const end = 8 + Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true))
  return { header: Buffer.from(bytes.subarray(8, end)).toString('utf8'), data: bytes.subarray(end) }
}

const whole = (header: Uint8Array, data: Uint8Array): Uint8Array => {
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(header.length))
  return new Uint8Array(Buffer.concat([length, header, data]))
}

/** Bytes whose own checksum is right again, where they have one. */
const resealed = (bytes: Uint8Array): Uint8Array => {
  const found = /espalier-sha256:[\da-f]{64}/.exec(Buffer.from(bytes).toString('latin1'))
  if (found === null) return bytes
  const out = Buffer.from(bytes)
  out.write(unfilled, found.index, 'latin1')
  return new Uint8Array(seal(out))
}

const mutateSafetensors = (sample: Uint8Array, random: Random): Uint8Array => {
  const changed = changeSafetensors(sample, random)
  return random.below(4) === 0 ? changed : resealed(changed)
}

const changeSafetensors = (bytes: Uint8Array, random: Random): Uint8Array => {
  const { header, data } = parts(bytes)
  return weighted(random, [
    [
      4,
      () =>
        whole(mutateJson(header, random, ['F64', 'F32', 'F16', 'BF16', 'I64', 'I32', 'U8', 'BOOL', 'F8_E4M3']), data),
    ],
    [3, () => whole(bytesOf(header), mutateBytes(data, random))],
    [2, () => whole(bytesOf(header), mutateBytes(data, random).subarray(0, data.length))],
    [2, () => mutateBytes(bytes, random)],
  ])()
}

const weightsName = 'weights.safetensors'
const bytesAt = (files: Files, name: string): Uint8Array => files.get(name) ?? new Uint8Array()

const checkRoundTrip = (bytes: Uint8Array): void => {
  const read = decodeSafetensors(bytes)
  if (E.isLeft(read)) throw new Disagreement('a file that was read cannot be decoded')
  const { tensors, metadata } = read.right
  if (tensors.has('__metadata__')) throw new Disagreement('a tensor named __metadata__')
  const again = decodeSafetensors(encodeSafetensors(tensors, metadata))
  if (E.isLeft(again)) throw new Disagreement(`written and read: ${tagsOf(again.left)}`)
  for (const [name, { data }] of tensors) {
    const other = again.right.tensors.get(name)?.data
    if (other === undefined || !data.every((v, i) => Object.is(v, other[i]) || Number.isNaN(v)))
      throw new Disagreement('written and read: other values')
  }
}

export const safetensors: Format = {
  name: 'safetensors',
  weight: 5,
  mutate: (sample, random) => withFile(sample, weightsName, mutateSafetensors(bytesAt(sample, weightsName), random)),
  open: async (files, place) => {
    const path = join(place.folder, weightsName)
    const read = await readSafetensorsFile(path)()
    if (E.isLeft(read)) return tagsOf(read.left)
    checkRoundTrip(bytesAt(files, weightsName))
    const source = await attempted(openSource(join(place.folder, 'graph.txt'), { weights: path }))
    if (E.isLeft(source)) return tagsOf(source.left)
    if (source.right.kind === 'network') await goOn(source.right.network, place)
    return 'opened'
  },
  smaller: files => smallerBinary(files, weightsName),
}

/** The manifest vouches for the files beside it again, so that what lies deeper is reached. */
const vouched = (files: Files): Files => {
  try {
    const manifest = JSON.parse(textOf(files, 'manifest.json'))
    for (const name of Object.keys(manifest.sha256))
      manifest.sha256[name] = createHash('sha256').update(bytesAt(files, name)).digest('hex')
    return withFile(files, 'manifest.json', resealed(bytesOf(JSON.stringify(manifest))))
  } catch {
    return files
  }
}

const mutateCompiled = (sample: Files, random: Random): Files => {
  const name = pick(random, ['manifest.json', 'graph.json', weightsName])
  const bytes = bytesAt(sample, name)
  const changed = withFile(
    sample,
    name,
    name === weightsName
      ? mutateSafetensors(bytes, random)
      : name === 'graph.json' && random.below(2) === 0
        ? mutateGraph(Buffer.from(bytes).toString('utf8'), random)
        : mutateJson(Buffer.from(bytes).toString('utf8'), random),
  )
  return random.below(4) === 0 ? changed : vouched(changed)
}

export const compiled: Format = {
  name: 'compiled',
  weight: 4,
  mutate: mutateCompiled,
  open: async (_, place) => {
    const read = await attempted(readCompiledFolder(place.folder))
    if (E.isLeft(read)) return tagsOf(read.left)
    const { compiled, meaning } = read.right
    if (place.wants('wasm', 4) && workOf(compiled.graph) < 1e6) await predictOnWasm(compiled)
    const model = await openModel({ ...compiled, meaning }, { backend: 'reference' })
    const [{ data }] = inputsOf(compiled.graph, 1).values()
    if (data.length < 1e4) await model.predict(Float32Array.from(data))
    if (meaning.preprocess !== undefined)
      await model.classify([{ data: new Uint8Array(27).fill(90), height: 3, width: 3 }])
    model.dispose()
    return 'opened'
  },
  *smaller(files) {
    for (const name of ['manifest.json', 'graph.json']) for (const less of smallerJson(files, name)) yield vouched(less)
  },
}

export const checkpoint: Format = {
  name: 'checkpoint',
  weight: 2,
  mutate: (sample, random) =>
    withFile(sample, 'state.safetensors', mutateSafetensors(bytesAt(sample, 'state.safetensors'), random)),
  open: async (_, place) => {
    const read = await attempted(readCheckpoint(place.folder))
    return E.isLeft(read) ? tagsOf(read.left) : 'opened'
  },
  smaller: files => smallerBinary(files, 'state.safetensors'),
}
