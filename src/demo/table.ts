import { count, ratio, table } from '../base/format.ts'
import type { DemoResult, DemoRow } from './measure.ts'
import { demoNetworks } from './networks.ts'

const cells = (row: DemoRow): readonly string[] => [
  row.weights,
  row.plan,
  `${row.error_percent.toFixed(1).padStart(4)} (${row.error_interval_percent.map(bound => bound.toFixed(1)).join(' to ')})`,
  `${count(row.multiply_adds).padStart(5)}  ${ratio(row.multiply_adds_relative)}`,
  row.milliseconds.median.toFixed(1).padStart(5),
  `${row.relative_to_plain.toFixed(2)}×`,
  row.about,
]

const header = ['trained', 'plan', 'error %, 95 % interval', 'multiply-adds', 'ms', 'time', '']

/** The demo's result for people. */
export const describeDemo = (result: DemoResult): string => {
  const { images, batch, describe, executor, seconds, seed } = result
  return [
    `A small VGG on ${images} images of figures that stand upright or upside down (ten classes), made just now from seed ${seed}.`,
    `${describe}, ${executor === 'graph' ? 'graph by graph' : 'op by op'}; ms: median of a batch of ${batch}, all rows taking turns; ${seconds.toFixed(0)} s.`,
    '',
    table(header, result.rows.map(cells)),
    '',
    'What comes before a branch is computed once, so where a plan branches decides its price. Both networks were trained',
    `by one recipe, \`branched\` under ${demoNetworks.branched.plan}. Flip TTA is one plan, run as libraries run it and compiled.`,
    '',
    ...(result.backend === 'node-gpu'
      ? []
      : ['Faster:                npx espalier setup   (native TensorFlow instead of WebAssembly)']),
    'Your own network:      npx espalier run --network FILE.onnx --data cifar100:DIR --plan vanilla-tta-geo',
    'What the passes do:    npx espalier compile --network zoo:preact-resnet-110 --plan flip-4-max --stats',
  ].join('\n')
}
