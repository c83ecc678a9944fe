import { nodesWithTag, shapeOf, sizeOf } from '../../../ir/index.ts'
import { random } from '../../base/random.ts'
import { type Executable, lower } from '../../lower/tfjs/index.ts'
import type { Tf } from '../../runtime/native/load.ts'
import { type Case, cases } from './cases.ts'

export interface Measured {
  readonly subject: Case
  /** Of one run of the case's graph, a run a round. */
  readonly microseconds: readonly number[]
}

/** A case that takes longer is left out, as are larger batches of it. */
const mostMilliseconds = 150
/** Short cases are run again until this much time is gone. */
const leastMilliseconds = 2

interface Entrant {
  readonly subject: Case
  readonly time: () => number
  readonly times: number[]
  readonly dispose: () => void
}

const enter = (tf: Tf, subject: Case): Entrant => {
  const { graph, batch } = subject
  const draw = random(0, subject.name)
  const values = (shape: readonly number[]) => ({
    shape,
    data: Float32Array.from({ length: sizeOf(shape) }, draw.normal),
  })
  const parameters = new Map(
    nodesWithTag(graph, 'Parameter').map(({ attributes: { name, shape } }) => [name, values(shape)]),
  )
  const executable: Executable = lower(tf, graph, parameters)
  const image = values([batch, ...graph.nodes.flatMap(({ tag, type }) => (tag === 'Input' ? shapeOf(type) : []))])
  const x = tf.tensor(image.data, [...image.shape])
  const once = (): void => {
    for (const y of Object.values(executable.run({ x }))) y.dispose()
  }
  const time = (): number => {
    const begun = performance.now()
    let [runs, spent] = [0, 0]
    do {
      once()
      runs++
      spent = performance.now() - begun
    } while (spent < leastMilliseconds)
    return spent / runs
  }
  return {
    subject,
    time,
    times: [],
    dispose: () => {
      executable.dispose()
      x.dispose()
    },
  }
}

/** Times every case on the backend that TensorFlow.js computes with now: the cases take turns, so that what else the machine does hits all alike. */
export const measureCases = (
  tf: Tf,
  rounds: number,
  progress: (done: number, total: number) => void,
): readonly Measured[] => {
  const slow = new Map<string, number>()
  const entrants: Entrant[] = []
  try {
    for (const subject of cases) {
      const { name, batch } = subject
      if (batch * (slow.get(name) ?? 0) > mostMilliseconds) continue
      const entrant = enter(tf, subject)
      entrants.push(entrant)
      // The first run of a kernel compiles and allocates.
      entrant.time()
      slow.set(name, entrant.time() / batch)
    }
    for (let round = 0; round < rounds; round++) {
      for (const entrant of entrants) entrant.times.push(1000 * entrant.time())
      progress(round + 1, rounds)
    }
    return entrants.map(({ subject, times }) => ({ subject, microseconds: times }))
  } finally {
    for (const entrant of entrants) entrant.dispose()
  }
}
