import crc32 from 'crc-32'

/** A chunk of a PNG by its name. */
export interface Chunk {
  readonly name: string
  readonly data: Uint8Array
}

const signature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)

export const isPng = (bytes: Uint8Array): boolean => signature.every((byte, k) => bytes[k] === byte)

/** The chunks of a PNG. @throws RangeError where it is cut off */
export const chunksOf = (png: Uint8Array): readonly Chunk[] => {
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength)
  const chunks: Chunk[] = []
  for (let at = signature.length; at < png.length; ) {
    const length = view.getUint32(at)
    const name = Buffer.from(png.subarray(at + 4, at + 8)).toString('latin1')
    if (at + 12 + length > png.length) throw new RangeError(`a PNG that ends within its chunk ${name}`)
    chunks.push({ name, data: png.slice(at + 8, at + 8 + length) })
    at += 12 + length
  }
  return chunks
}

const chunkBytes = ({ name, data }: Chunk): Uint8Array => {
  const body = Buffer.concat([Buffer.from(name, 'latin1'), data])
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)]
  length.writeUInt32BE(data.length)
  check.writeInt32BE(crc32.buf(body))
  return Buffer.concat([length, body, check])
}

/** A PNG of these chunks. */
export const pngOf = (chunks: readonly Chunk[]): Uint8Array =>
  new Uint8Array(Buffer.concat([signature, ...chunks.map(chunkBytes)]))
