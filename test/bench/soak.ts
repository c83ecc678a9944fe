import { orThrow } from '../../src/base/error.ts'
import { table } from '../../src/base/format.ts'
import { openData } from '../../src/data/index.ts'
import { evaluateData } from '../../src/execute/evaluate-data.ts'
import { openModel } from '../../src/execute/model.ts'
import { compile, createZooNetwork, parsePlan } from '../../src/index.ts'
import { tensorflowJs } from '../../src/runtime/native/load.ts'
import { type Lane, lanes } from './lanes.ts'
import type { Bench } from './main.ts'

const batch = 64
/** Of the images that one pass goes through. */
const images = 1000
const defaultMinutes = 30
/** Allocators and compilers settle in the first part. */
const settled = 0.25

interface Sample {
  readonly minutes: number
  readonly megabytes: number
  readonly tensors: number
}

/** Least squares: megabytes an hour. */
const slope = (samples: readonly Sample[]): number => {
  const mean = (of: (s: Sample) => number): number => samples.reduce((sum, s) => sum + of(s), 0) / samples.length
  const [t, m] = [mean(s => s.minutes), mean(s => s.megabytes)]
  const over = samples.reduce((sum, s) => sum + (s.minutes - t) * (s.megabytes - m), 0)
  const under = samples.reduce((sum, s) => sum + (s.minutes - t) ** 2, 0)
  return (60 * over) / under
}

const soaked = async (lane: Lane, minutes: number) => {
  const compiled = compile(createZooNetwork('preact-resnet-14?classes=10'), parsePlan('flip-2-max'), { batch })
  const data = orThrow(await openData(`generated:orientation?split=test&range=0:${images}`, { seed: 0 }))
  const preprocess = data.preprocess as NonNullable<typeof data.preprocess>
  const runner = await openModel(compiled, { ...lane, batch })
  const samples: Sample[] = []
  const begun = performance.now()
  const elapsed = (): number => (performance.now() - begun) / 60_000
  let done = 0
  while (elapsed() < minutes) {
    // The last batch of a pass is a short one, again and again.
    done += (await evaluateData(runner, data, { batch, preprocess })).images
    samples.push({
      minutes: elapsed(),
      megabytes: process.memoryUsage.rss() / 2 ** 20,
      tensors: tensorflowJs().memory().numTensors,
    })
  }
  runner.dispose()
  const steady = samples.filter(s => s.minutes > settled * minutes)
  return {
    executor: lane.name,
    precision: lane.precision,
    minutes: elapsed(),
    images: done,
    megabytes: { first: steady[0].megabytes, last: steady[steady.length - 1].megabytes },
    megabytes_an_hour: slope(steady),
    tensors: { first: steady[0].tensors, last: steady[steady.length - 1].tensors },
  }
}

/** Batched inference for half an hour: what memory does. */
export const soak: Bench = {
  about: 'memory over half an hour of batched inference (--minutes N), on one --executor, by default graph',
  run: async ({ wants, given, minutes = defaultMinutes }) => {
    const chosen = lanes.filter(({ name, precision }) =>
      given('executor')
        ? precision === 'float32' && wants('executor', name)
        : name === 'graph' && precision === 'float32',
    )
    const rows = []
    for (const lane of chosen) rows.push(await soaked(lane, minutes / chosen.length))
    const text = table(
      ['executor', 'minutes', 'images', 'MB, first to last', 'MB an hour', 'tensors, first to last'],
      rows.map(row => [
        row.executor,
        row.minutes.toFixed(1),
        String(row.images),
        `${row.megabytes.first.toFixed(0)} to ${row.megabytes.last.toFixed(0)}`,
        row.megabytes_an_hour.toFixed(1),
        `${row.tensors.first} to ${row.tensors.last}`,
      ]),
    )
    return { rows, text }
  },
}
