/** A UTF-16 unit's place by code point: surrogates, which stand for what is beyond them, come last. */
const place = (unit: number): number => (unit >= 0xe000 ? unit - 0x800 : unit >= 0xd800 ? unit + 0x2000 : unit)

/** The order of texts by code point, as Python and UTF-8 have it; `<` compares UTF-16 units. */
export const byCodePoint = (a: string, b: string): number => {
  const shared = Math.min(a.length, b.length)
  for (let k = 0; k < shared; k++) {
    const [x, y] = [a.charCodeAt(k), b.charCodeAt(k)]
    if (x !== y) return place(x) - place(y)
  }
  return a.length - b.length
}
