import type { Preprocess } from '../data/index.ts'
import type { Meaning } from './meaning.ts'
import { imageType, type Network } from './network.ts'

/** Of Python's `{0: 'tench', 1: "jack-o'-lantern"}`. */
const entry = /\s*(\d+)\s*:\s*('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")\s*(?:,|$)/y

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' }

const unescaped = (text: string): string =>
  text.replaceAll(/\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8})|(.))/g, (_, x, u, long, other) =>
    other === undefined ? String.fromCodePoint(Number.parseInt(x ?? u ?? long, 16)) : (escapes[other] ?? other),
  )

/** The names of a dictionary that numbers them from 0; undefined of another text. */
const namesIn = (text: string): readonly string[] | undefined => {
  if (!/^\{.*\}$/s.test(text)) return undefined
  const inside = text.slice(1, -1)
  const names: string[] = []
  entry.lastIndex = 0
  while (entry.lastIndex < inside.length) {
    const match = entry.exec(inside)
    if (match === null || Number(match[1]) !== names.length) return undefined
    names.push(unescaped(match[2].slice(1, -1)))
  }
  return names.length === 0 ? undefined : names
}

/** From 8.2 on its classifiers are fed by torchvision's transforms: resized, cropped, and from 0 to 1. */
const resizes = (version: string): boolean => {
  const [major, minor] = version.split('.').map(Number)
  return major > 8 || (major === 8 && minor >= 2)
}

const preprocessOf = (network: Pick<Network, 'graph'>): Preprocess => {
  const { h, w } = imageType(network)
  return h === w
    ? { size: [h, w], resize: 'shorter-side', resize_to: h, crop: 'center', scale: 1 / 255 }
    : { size: [h, w], resize: 'exact', scale: 1 / 255 }
}

/** What Ultralytics wrote into an ONNX file of its images and classes: of a classifier both, of a segmenter, which is fed with borders, the classes alone. */
export const meaningByUltralytics = (
  network: Pick<Network, 'graph'>,
  metadata: ReadonlyMap<string, string>,
): Meaning => {
  const task = metadata.get('task')
  if (metadata.get('author') !== 'Ultralytics' || (task !== 'classify' && task !== 'semantic')) return {}
  const classes = namesIn(metadata.get('names') ?? '')
  return {
    ...(task === 'classify' && resizes(metadata.get('version') ?? '') ? { preprocess: preprocessOf(network) } : {}),
    ...(classes === undefined ? {} : { classes }),
  }
}
