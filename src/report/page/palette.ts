/** The colours of a chart on one ground. */
export interface Palette {
  readonly ink: string
  readonly soft: string
  readonly grid: string
  readonly paper: string
  /** Of a matrix, from its least value to its greatest. */
  readonly ramp: readonly [string, string]
  readonly series: readonly string[]
}

/** Told apart by people who see colours differently, too, and at least 3 : 1 against their ground. */
export const light: Palette = {
  ink: '#1c2126',
  soft: '#5b6670',
  grid: '#dfe3e6',
  paper: '#ffffff',
  ramp: ['#f2f6fb', '#1d5fa8'],
  series: ['#0072b2', '#c4560a', '#00805d', '#a83f86', '#84690a', '#5b52c7', '#b3261e', '#3d6b7d'],
}

export const dark: Palette = {
  ink: '#e8ebed',
  soft: '#9aa5ae',
  grid: '#343c43',
  paper: '#1e2327',
  ramp: ['#262d33', '#4f9be8'],
  series: ['#5cb3ee', '#f0a04b', '#36c79d', '#e68ac6', '#d8c24a', '#a9a1ff', '#ff8a80', '#8fc1d4'],
}

const channels = (colour: string): readonly number[] =>
  [1, 3, 5].map(at => Number.parseInt(colour.slice(at, at + 2), 16))

/** The colour at a share of the way from one to another. */
export const between = ([from, to]: readonly [string, string], share: number): string => {
  const [a, b] = [channels(from), channels(to)]
  const mixed = a.map((value, k) => Math.round(value + (b[k] - value) * share))
  return `#${mixed.map(value => value.toString(16).padStart(2, '0')).join('')}`
}

const luminance = (colour: string): number => {
  const [r, g, b] = channels(colour).map(value => {
    const c = value / 255
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

/** The contrast of two colours as WCAG 2 counts it: 1 to 21. */
export const contrast = (a: string, b: string): number => {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y)
  return (high + 0.05) / (low + 0.05)
}

/** Black or white, whichever is easier to read on a colour. */
export const inkOn = (ground: string): string =>
  contrast(ground, '#ffffff') >= contrast(ground, '#000000') ? '#ffffff' : '#000000'
