/** Buffers that bodies are read into, again and again: were they allocated for each, the collector would look through all that the server holds every half second. */
export interface BodyBuffers {
  /** One of at least so many bytes, whatever they are. */
  readonly take: (bytes: number) => Buffer
  /** Gives one up, by any part of it: nobody reads it any more. */
  readonly free: (body: Buffer) => void
}

/** Smaller ones are not kept, and others are multiples of this. */
const step = 2 ** 16

/** Keeps so many bytes that nobody uses, at most. */
export const bodyBuffers = (kept = 2 ** 26): BodyBuffers => {
  const unused = new Map<number, ArrayBufferLike[]>()
  let held = 0
  return {
    take: bytes => {
      if (bytes < step) return Buffer.allocUnsafeSlow(bytes)
      const size = step * Math.ceil(bytes / step)
      const buffer = unused.get(size)?.pop()
      if (buffer === undefined) return Buffer.allocUnsafeSlow(size)
      held -= size
      return Buffer.from(buffer)
    },
    free: ({ buffer }) => {
      const size = buffer.byteLength
      if (size < step || size % step > 0 || size > kept) return
      if (held + size > kept) {
        // What is kept may be of sizes that nobody sends any more.
        unused.clear()
        held = 0
      }
      const same = unused.get(size) ?? []
      same.push(buffer)
      unused.set(size, same)
      held += size
    },
  }
}
