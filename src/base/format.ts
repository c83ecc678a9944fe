const units = [
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
] as const

/** 41.4M, 1.82G: three figures. */
export const count = (value: number): string => {
  const unit = units.find(([size]) => value >= size)
  return unit === undefined ? String(value) : `${(value / unit[0]).toPrecision(3)}${unit[1]}`
}

/** Names, the first few of many: `a, b, c and 97 more`. */
export const listed = (names: readonly string[], most = 3): string =>
  names.length > most ? `${names.slice(0, most).join(', ')} and ${names.length - most} more` : names.join(', ')

/** 1 image, 2 images. */
export const counted = (n: number, one: string, many = `${one}s`): string => `${n} ${n === 1 ? one : many}`

/** 1.485×. */
export const ratio = (value: number): string => `${value.toFixed(3)}×`

/** A loss with so many decimals, or with three figures where it is less than a hundredth. */
export const lossText = (loss: number, decimals = 4): string =>
  loss !== 0 && Math.abs(loss) < 0.01 ? loss.toPrecision(3) : loss.toFixed(decimals)

/** What is measured: mean IoU 61.20 %, no SSIM. */
export const measureText = (measure: {
  readonly title: string
  readonly unit: string
  readonly value: number | undefined
}): string => {
  const { title, unit, value } = measure
  return value === undefined
    ? `no ${title}`
    : `${title} ${value.toFixed(unit === '' ? 4 : 2)}${unit === '' ? '' : ` ${unit}`}`
}

/** A difference with its sign: +0.25, −1.50. */
export const signed = (value: number, digits = 2): string =>
  `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(digits)}`

/** Columns padded to one width but for the last, the header underlined. */
export const table = (header: readonly string[], rows: readonly (readonly string[])[]): string => {
  const widths = header.map((cell, k) => Math.max(cell.length, ...rows.map(row => row[k].length)))
  const last = header.length - 1
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, k) => cell.padEnd(widths[k]))
      .join('  ')
      .trimEnd()
  const rules = widths.map((width, k) => '─'.repeat(k === last ? header[k].length : width))
  return [line(header), rules.join('  '), ...rows.map(line)].join('\n')
}
