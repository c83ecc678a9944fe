import { workerData } from 'node:worker_threads'
import { answerCalls } from '../base/thread.ts'
import type { Scores } from './call.ts'
import { openEngine } from './engine.ts'
import type { EngineAnswer, EngineCall, EngineTold, ThreadTask } from './engine-threads.ts'

const { staged, options } = workerData as ThreadTask

/** Arrays that nothing else here holds. */
const handedOver = ({ outputs, stages, certainty }: Scores) =>
  [...outputs, stages, certainty].map(({ buffer }) => buffer as ArrayBuffer)

const { tell } = answerCalls<EngineCall, EngineAnswer, EngineTold>(async (call, tellOf, signal) => {
  const engine = await opening
  switch (call.kind) {
    case 'open':
      return { value: { facts: engine.facts(), choice: engine.choice } }
    case 'close':
      engine.dispose()
      await engine.freed
      return { value: { facts: engine.facts() } }
    case 'run': {
      const onStart = (): void => tellOf({ kind: 'started' })
      const { outputs, stages, certainty, variants } = await engine.scoresOf(call.images, { signal, onStart })
      const scores = { outputs, stages, certainty, variants }
      return { value: { facts: engine.facts(), scores }, transfer: handedOver(scores) }
    }
  }
})

const opening = openEngine(staged, {
  ...options,
  note: line => tell({ kind: 'note', line }),
  onBatch: batch => tell({ kind: 'batch', batch }),
  onProgress: timing => tell({ kind: 'timing', timing }),
})
// Who opens it is told; until then it must not count as unhandled.
opening.catch(() => {})
