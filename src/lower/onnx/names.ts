/** Names of an ONNX graph's values, of which there may be no two alike. */
export interface Names {
  /** The name itself, or with a number where it is taken. */
  readonly fresh: (stem: string) => string
  readonly taken: (name: string) => boolean
}

export const names = (reserved: Iterable<string> = []): Names => {
  // The empty name stands for a value that is left out.
  const used = new Set(['', ...reserved])
  const next = new Map<string, number>()
  return {
    fresh: written => {
      // Half a character is another text once it is written in UTF-8.
      const stem = written.replace(/\p{Surrogate}/gu, '\ufffd')
      let name = stem
      for (let n = next.get(stem) ?? 2; used.has(name); n++) {
        name = `${stem}.${n}`
        next.set(stem, n + 1)
      }
      used.add(name)
      return name
    },
    taken: name => used.has(name),
  }
}
