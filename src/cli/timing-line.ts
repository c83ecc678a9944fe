import { counted } from '../base/format.ts'
import { executorInWords } from '../execute/execution.ts'
import type { Timing } from '../execute/executor.ts'
import type { Output } from './output.ts'
import { type BarParts, progressBar } from './progress-bar.ts'

type Times = readonly { readonly executor: Timing['timed'][number]['executor']; readonly milliseconds?: number }[]

const inWords = (times: Times): readonly string[] =>
  times
    .flatMap(({ executor, milliseconds }) => (milliseconds === undefined ? [] : [{ executor, milliseconds }]))
    .sort((a, b) => a.milliseconds - b.milliseconds)
    .map(({ executor, milliseconds }) => `${executorInWords[executor]} ${Number(milliseconds.toPrecision(2))} ms`)

/** `onnxruntime 74 ms, TensorFlow 120 ms`: the quickest first. */
export const timesInWords = (times: Times): string => inWords(times).join(', ')

const parts: BarParts<Timing> = (_done, _total, { running, images, timed }) => [
  `timing ${running === undefined ? 'them in turns' : executorInWords[running]}${images === undefined ? '' : ` on ${counted(images, 'image')}`}`,
  ...inWords(timed),
]

/** Says what `auto` times: a line that it is done, and on a terminal how far it is. */
export const watchTiming = (
  out: Pick<Output, 'interactive' | 'note'>,
): { readonly onProgress: (timing: Timing) => void; readonly stop: () => void } => {
  const bar = progressBar(out, parts, { foretold: false })
  let told = false
  return {
    onProgress: timing => {
      if (!told) out.note('Timing what runs this network fastest here; the choice is kept for the next time.')
      told = true
      bar.at(timing.done, timing.total, timing)
    },
    stop: bar.stop,
  }
}
