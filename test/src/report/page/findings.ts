import type { Sourced } from '../../../../src/experiment/sourced.ts'
import type { Page, Section } from '../../../../src/report/page/section.ts'

export const sourced: Sourced = {
  command: 'espalier impact --network zoo:cifar-resnet-20',
  seeds: [0, 7],
  versions: { espalier: '0.1.0', node: '20.0.0' },
}

/** A page with each kind of section and of chart, and one string wherever there can be one. */
export const everySection = (text: string): Page => {
  const axis = { title: text, unit: 'percent' } as const
  const charts: readonly Extract<Section, { kind: 'chart' }>['chart'][] = [
    {
      kind: 'lines',
      x: { ...axis, unit: 'count', names: { 0: text, 1: text } },
      y: axis,
      lines: [
        {
          name: text,
          points: [
            { x: 0, value: 31.17, interval: [30.27, 32.08] },
            { x: 1, value: null },
          ],
        },
      ],
      levels: [{ name: text, value: 30 }],
    },
    {
      kind: 'scatter',
      x: { ...axis, unit: 'times' },
      y: axis,
      groups: [
        {
          name: text,
          points: [
            { name: text, x: 1, y: 31 },
            { name: text, x: 2, y: 29, interval: [28, 30] },
          ],
        },
      ],
      levels: [{ name: text, value: 30 }],
      limit: { name: text, value: 2.2 },
    },
    {
      kind: 'matrix',
      rows: { title: text, names: [text] },
      columns: { title: text, names: [text, text] },
      unit: 'percent',
      values: [[{ value: 37.86 }, { value: null }]],
    },
    {
      kind: 'bars',
      names: [text],
      namesTitle: text,
      x: axis,
      stacked: true,
      bars: [{ name: text, values: [{ value: 3 }] }],
    },
  ]
  return {
    name: 'everything',
    title: text,
    subtitle: text,
    sections: [
      { kind: 'text', heading: text, paragraphs: [text, text] },
      { kind: 'facts', facts: [{ name: text, value: text }] },
      { kind: 'table', heading: text, text, head: [text, text], rows: [[text, { number: text }]], note: text },
      { kind: 'gallery', heading: text, text, images: [{ png: new Uint8Array([1, 2, 3]), name: text, lines: [text] }] },
      ...charts.map((chart, k) => ({ kind: 'chart' as const, id: `chart-${k}`, heading: text, text, chart })),
    ],
    result: { ...sourced, command: text, versions: { [text]: text } },
  }
}
