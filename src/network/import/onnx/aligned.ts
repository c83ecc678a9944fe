/** What comes before a long field of a file: its number, and its length in two bytes or more. */
const header = 3
const longFrom = 128

/**
 * A field of a file that is decoded, at an address where numbers may be read as they stand: a long one is moved over its own header, which nothing reads
 * any more. The file's bytes must be the reader's own.
 */
export const alignedInPlace = (field: Uint8Array, file: Uint8Array): Uint8Array => {
  const past = field.byteOffset % Float32Array.BYTES_PER_ELEMENT
  if (past === 0 || past > header || field.length < longFrom || field.buffer !== file.buffer) return field
  const moved = new Uint8Array(field.buffer, field.byteOffset - past, field.length)
  moved.set(field)
  return moved
}
