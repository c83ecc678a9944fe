/** Arrays that go to threads and come back, so that none is allocated anew for a batch. */
export interface Room {
  /** An array of so many numbers, whatever they are, which is handed over. */
  readonly take: (length: number) => Float32Array
  /** Lets an array be handed over, if nothing else is in its buffer. */
  readonly lend: (values: Float32Array) => void
  /** The array itself where it is handed over, else a copy that is. */
  readonly handed: (values: Float32Array) => Float32Array
  /** Takes back what was handed over for an array, in the array that it came back as. */
  readonly takeBack: (values: Float32Array, handed: Float32Array, back: Float32Array) => void
  /** Where the numbers of an array are now that it was handed over, and came back. */
  readonly now: (values: Float32Array) => Float32Array
  /** Gives an array up that came back: nobody reads it any more. */
  readonly free: (values: Float32Array) => void
}

/** Keeps at most so many buffers that nobody uses. */
export const openRoom = (kept: number): Room => {
  const unused: ArrayBuffer[] = []
  const lent = new WeakSet<Float32Array>()
  const cameBack = new WeakMap<Float32Array, Float32Array>()
  const keep = ({ buffer }: Float32Array): void => {
    unused.push(buffer as ArrayBuffer)
    unused.sort((a, b) => a.byteLength - b.byteLength)
    if (unused.length > kept) unused.shift()
  }
  const arrayOf = (length: number): Float32Array => {
    const fitting = unused.findIndex(({ byteLength }) => byteLength >= 4 * length)
    // Unlike a new Float32Array it is not filled with zeros.
    const buffer = fitting < 0 ? Buffer.allocUnsafeSlow(4 * length).buffer : unused.splice(fitting, 1)[0]
    return new Float32Array(buffer as ArrayBuffer, 0, length)
  }
  return {
    take: length => {
      const values = arrayOf(length)
      lent.add(values)
      return values
    },
    lend: values => {
      const { buffer, byteLength } = values
      if (buffer instanceof ArrayBuffer && byteLength === buffer.byteLength) lent.add(values)
    },
    handed: values => {
      if (lent.delete(values)) return values
      const copy = arrayOf(values.length)
      copy.set(values)
      return copy
    },
    takeBack: (values, handed, back) => {
      if (handed === values) cameBack.set(values, back)
      else keep(back)
    },
    now: values => cameBack.get(values) ?? values,
    free: values => {
      const back = cameBack.get(values)
      if (back !== undefined && cameBack.delete(values)) keep(back)
    },
  }
}
