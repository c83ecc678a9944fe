import { createHash } from 'node:crypto'

/** The key under which a file says its own checksum. */
export const sealKey = 'espalier_checksum'

const mark = 'espalier-sha256:'
const digits = 64
const zeros = '0'.repeat(digits)

/** What stands under {@link sealKey} until {@link seal} fills it in. */
export const unfilled = `${mark}${zeros}`

const whole = new RegExp(`${mark}([\\da-f]{${digits}})`)

/** Of all bytes, with zeros where the checksum stands. */
const checksum = (bytes: Uint8Array, at: number): string =>
  createHash('sha256')
    .update(bytes.subarray(0, at))
    .update(zeros)
    .update(bytes.subarray(at + digits))
    .digest('hex')

/** Fills in, in place, the checksum that bytes hold a place for. */
export const seal = (bytes: Uint8Array): Uint8Array => {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const at = buffer.indexOf(unfilled) + mark.length
  buffer.write(checksum(bytes, at), at, 'latin1')
  return bytes
}

/** How bytes differ from what their checksum says. */
export interface BrokenSeal {
  readonly seen: string
  readonly expected: string
}

/**
 * Whether bytes are those that {@link seal} left; nothing where they are, or never had a checksum, which stands in the first `head` of
 * them. A changed key is told by the value beside it, a changed value by its key.
 */
export const brokenSeal = (bytes: Uint8Array, head = bytes.length): BrokenSeal | undefined => {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(head, bytes.length)).toString('latin1')
  const found = whole.exec(text)
  if (found === null)
    return text.includes(sealKey)
      ? { seen: `an ${sealKey} that cannot be read`, expected: `${mark} and ${digits} digits` }
      : undefined
  const seen = checksum(bytes, found.index + mark.length)
  return seen === found[1] ? undefined : { seen: `bytes of sha256 ${seen}`, expected: `${found[1]}, as it says itself` }
}
