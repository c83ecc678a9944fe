import type { Random } from '../../../src/base/random.ts'
import { changes, oddNumbers, pick, weighted } from './draw.ts'

const joined = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts))

const flipped = (bytes: Uint8Array, random: Random): Uint8Array => {
  const out = Uint8Array.from(bytes)
  out[random.below(out.length)] ^= 1 << random.below(8)
  return out
}

const overwritten = (bytes: Uint8Array, random: Random): Uint8Array => {
  const out = Uint8Array.from(bytes)
  const view = new DataView(out.buffer)
  const width = pick(random, [1, 2, 4, 8] as const)
  if (out.length < width) return out
  // Headers come first in most formats.
  const at = random.below(random.below(2) === 0 ? Math.min(out.length, 64) : out.length) % (out.length - width + 1)
  const value = pick(random, oddNumbers)
  const little = random.below(2) === 0
  if (width === 1) view.setUint8(at, value)
  else if (width === 2) view.setUint16(at, value, little)
  else if (width === 4) view.setUint32(at, value, little)
  else view.setBigUint64(at, BigInt.asUintN(64, BigInt(Math.trunc(Number.isFinite(value) ? value : 0))), little)
  return out
}

const span = (bytes: Uint8Array, random: Random): readonly [number, number] => {
  const from = random.below(bytes.length)
  return [from, from + 1 + random.below(Math.min(64, bytes.length - from))]
}

const change = (bytes: Uint8Array, random: Random, other: Uint8Array): Uint8Array => {
  if (bytes.length === 0) return random.below(2) === 0 ? other : new Uint8Array([random.below(256)])
  const [from, to] = span(bytes, random)
  return weighted(random, [
    [5, () => flipped(bytes, random)],
    [5, () => overwritten(bytes, random)],
    [2, () => bytes.slice(0, random.below(bytes.length))],
    [1, () => joined(bytes.subarray(0, from), bytes.subarray(to))],
    [1, () => joined(bytes.subarray(0, to), bytes.subarray(from))],
    [
      1,
      () =>
        joined(
          bytes.subarray(0, from),
          Uint8Array.from({ length: 1 + random.below(9) }, () => random.below(256)),
          bytes.subarray(from),
        ),
    ],
    [1, () => joined(bytes.subarray(0, from), other.subarray(random.below(other.length + 1)))],
    [
      1,
      () =>
        joined(
          bytes,
          Uint8Array.from({ length: 1 + random.below(16) }, () => random.below(256)),
        ),
    ],
  ])()
}

/** Bytes flipped, overwritten by odd numbers, cut, doubled, and spliced with another file's. */
export const mutateBytes = (bytes: Uint8Array, random: Random, other: Uint8Array = bytes): Uint8Array => {
  let out = bytes
  for (let n = changes(random); n > 0; n--) out = change(out, random, other)
  return out
}

/** Bytes with chunks cut out, larger ones first. */
export function* smallerBytes(bytes: Uint8Array): Iterable<Uint8Array> {
  for (let chunk = Math.ceil(bytes.length / 2); chunk >= 1; chunk = chunk === 1 ? 0 : Math.ceil(chunk / 2)) {
    for (let from = 0; from < bytes.length; from += chunk)
      yield joined(bytes.subarray(0, from), bytes.subarray(from + chunk))
    if (bytes.length / chunk > 64) return
  }
}
