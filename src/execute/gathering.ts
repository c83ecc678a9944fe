/** A value that images come with: its name, and how many numbers it is. */
export interface CarriedValue {
  readonly name: string
  readonly size: number
}

/** Rows of values, and whose they are. */
export interface Gathered<Owner> {
  /** As many as carried values, in their order: the rows, and then perhaps zeros. */
  readonly values: readonly Float32Array[]
  readonly owners: readonly Owner[]
}

interface Filling<Owner> {
  values: readonly Float32Array[]
  readonly owners: Owner[]
}

/** Numbers in row-major order. */
export type Numbers = Float32Array | Float64Array

/** Rows that wait until there are enough of them. */
export interface Gathering<Owner> {
  /** Copies rows out of values. */
  readonly add: (values: readonly Numbers[], rows: readonly number[], ownerOf: (row: number) => Owner) => void
  /** The oldest rows, at most a full batch of them; undefined where there are none. */
  readonly oldest: () => Gathered<Owner> | undefined
  /** Takes the oldest rows out. */
  readonly take: () => void
  /** Gives arrays back that nobody looks at any more, in the order of the carried values; later rows are copied into them. */
  readonly reuse: (values: readonly (Float32Array | undefined)[]) => void
}

/** Gathers rows into batches of at most `most()` in the order that they come in. */
export const gathering = <Owner>(carried: readonly CarriedValue[], most: () => number): Gathering<Owner> => {
  const fillings: Filling<Owner>[] = []
  const spare: (Float32Array | undefined)[] = []
  /** For a carried value. Fresh arrays for each batch would have the collector of garbage mark beside the runtime, on its cores. */
  const zeros = (k: number, length: number): Float32Array => {
    const used = spare[k]
    if (used === undefined || used.length < length) return new Float32Array(length)
    spare[k] = undefined
    return used.fill(0)
  }
  const reserve = (filling: Filling<Owner>, rows: number, full: number): void => {
    filling.values = carried.map(({ size }, k) => {
      const kept = filling.values[k]
      if (kept !== undefined && kept.length >= rows * size) return kept
      const grown = zeros(k, Math.max(rows, Math.min(full, (2 * (kept?.length ?? 0)) / size)) * size)
      if (kept !== undefined) grown.set(kept)
      return grown
    })
  }
  return {
    add: (values, rows, ownerOf) => {
      const full = most()
      for (let done = 0; done < rows.length; ) {
        const last = fillings.at(-1)
        const filling = last !== undefined && last.owners.length < full ? last : { values: [], owners: [] }
        if (filling !== last) fillings.push(filling)
        const count = Math.min(rows.length - done, full - filling.owners.length)
        reserve(filling, filling.owners.length + count, full)
        for (const row of rows.slice(done, done + count)) {
          const at = filling.owners.length
          carried.forEach(({ size }, k) => {
            filling.values[k].set(values[k].subarray(row * size, (row + 1) * size), at * size)
          })
          filling.owners.push(ownerOf(row))
        }
        done += count
      }
    },
    oldest: () => fillings[0],
    take: () => void fillings.shift(),
    reuse: values =>
      values.forEach((used, k) => {
        if (used !== undefined && used.length > (spare[k]?.length ?? 0)) spare[k] = used
      }),
  }
}
