import { bounds, type Finding, isFlipFree, isRight } from './finding.ts'

type Found = readonly (readonly [name: string, finding: Finding])[]

/** `timm.convnext_atto.legacy` as `timm`, `convnext_atto`, `legacy`. */
const partsOf = (name: string): readonly [library: string, network: string, exporter: string] => {
  const [library, ...rest] = name.split('.')
  return [library, rest.slice(0, -1).join('.'), rest.at(-1) ?? '']
}

const row = (name: string, found: Found): string => {
  const count = (holds: (finding: Finding) => boolean): number => found.filter(([, f]) => holds(f)).length
  const right = found.filter(([, f]) => isRight(f))
  return `| ${name} | ${found.length} | ${count(f => f.imported)} | ${right.length} | ${right.filter(([, f]) => isFlipFree(f)).length} |`
}

const listed = (title: string, found: Found, reason: (finding: Finding) => string): string =>
  found.length === 0
    ? ''
    : `\n## ${title}\n\n| network | exporter | |\n|---|---|---|\n${found
        .map(([name, finding]) => {
          const [library, network, exporter] = partsOf(name)
          return `| ${library} ${network} | ${exporter} | ${reason(finding).replaceAll('|', '\\|')} |`
        })
        .join('\n')}\n`

/** The first problem, without the file's path. */
const first = ({ reason = '' }: Finding): string => reason.split('\n')[0].replace(/^.*?\.onnx, /, '')

/** How far a network's scores are off. */
const offBy = ({ plainError = Number.NaN, flipError = Number.NaN, ownError }: Finding): string => {
  const [plain, flip, own] = [plainError, flipError, ownError ?? 0].map(error => error.toExponential(1))
  const itself =
    ownError === undefined || ownError < bounds.error
      ? ''
      : `; onnxruntime itself, with and without its optimizations, by ${own}`
  return `off by ${plain}, ${flip} under flip TTA${itself}`
}

/** The page of all findings, and the text that follows them. */
export const page = (findings: Readonly<Record<string, Finding>>, text: string): string => {
  const all: Found = Object.entries(findings).sort(([a], [b]) => (a < b ? -1 : 1))
  const kinds = [...new Set(all.map(([name]) => [partsOf(name)[0], partsOf(name)[2]].join(', ')))]
  const refused = all.filter(([, f]) => !f.imported)
  const wrong = all.filter(([, f]) => f.imported && !isRight(f))
  const flipped = all.filter(([, f]) => isRight(f) && !isFlipFree(f))
  const rows = kinds.map(kind =>
    row(
      kind,
      all.filter(([name]) => [partsOf(name)[0], partsOf(name)[2]].join(', ') === kind),
    ),
  )
  return `# Zoos

\`npm run zoo-sweep -- FOLDER\` wrote this page: networks of torchvision, timm and ultralytics with random weights, exported by [\`test/zoo-sweep/export.py\`](../test/zoo-sweep/export.py) at
the smallest size that works, as \`torch.onnx.export\` comes (dynamo), with the size of the batch left open (dynamo-batch), or with the exporter before
it (legacy); small ones of transformers' families, by [\`test/zoo-sweep/export_transformers.py\`](../test/zoo-sweep/export_transformers.py); the light models of the \`onnx\` package; and models of \`keras.applications\` as TensorFlow.js has them and as tf2onnx writes them, by
[\`test/zoo-sweep/export_keras.py\`](../test/zoo-sweep/export_keras.py). A network is right where its scores, and those averaged with the mirrored image's, are within
${bounds.error} of onnxruntime's, or of Keras's, relative to how far the scores of two images are apart; flip-free where flip TTA leaves no flip on any map, the image
among them. The weights of the light models are one number each, so any two images have the same scores there: what is compared is little.

| library, exporter | tried | imported | right | flip-free |
|---|--:|--:|--:|--:|
${rows.join('\n')}
${listed('Refused', refused, first)}${listed('Imported and not right', wrong, f => f.reason?.split('\n')[0] ?? offBy(f))}${listed('Flips left on maps', flipped, f => `${f.acts}`)}
${text}`
}
