import type { Room } from './room.ts'

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
  /** The oldest rows, at most a full batch of them, in arrays of the room; undefined where there are none. */
  readonly oldest: () => Gathered<Owner> | undefined
  /** Takes the oldest rows out. */
  readonly take: () => void
}

/** Gathers rows into batches of at most `most()` in the order that they come in. */
export const gathering = <Owner>(
  carried: readonly CarriedValue[],
  most: () => number,
  room: Pick<Room, 'take' | 'free'>,
): Gathering<Owner> => {
  const fillings: Filling<Owner>[] = []
  /** How many rows the batch before came to: so many places a batch has from the first. */
  let before = 0
  const reserve = (filling: Filling<Owner>, rows: number, full: number): void => {
    filling.values = carried.map(({ size }, k) => {
      const kept = filling.values[k]
      if (kept !== undefined && kept.length >= rows * size) return kept
      const places = kept === undefined ? before : (2 * kept.length) / size
      const grown = room.take(Math.max(rows, Math.min(full, places)) * size)
      if (kept !== undefined) {
        grown.set(kept)
        room.free(kept)
      }
      return grown.fill(0, kept?.length ?? 0)
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
    take: () => {
      before = fillings.shift()?.owners.length ?? before
    },
  }
}
