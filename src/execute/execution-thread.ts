import { workerData } from 'node:worker_threads'
import { answerCalls } from '../base/thread.ts'
import { inFlight } from '../data/in-flight.ts'
import {
  type ExecutionAnswer,
  type ExecutionCall,
  type ExecutionTold,
  factsOf,
  type ThreadTask,
} from './execution-threads.ts'
import { openExecution } from './open-execution.ts'
import { numbersOf } from './pictures.ts'

const { executed, options } = workerData as ThreadTask

/** Runs follow one another. */
const oneByOne = inFlight(1)

const { tell } = answerCalls<ExecutionCall, ExecutionAnswer, ExecutionTold>(async (call, tellOf) => {
  const { execution, choice } = await opening
  switch (call.kind) {
    case 'open':
      return { value: { kind: 'opened', facts: factsOf(execution), inputs: execution.inputs, choice } }
    case 'fit': {
      const numbers = await numbersOf(call.pictures)
      return { value: { kind: 'fitted', numbers }, transfer: [numbers.buffer as ArrayBuffer] }
    }
    case 'run': {
      const outputs = await oneByOne(1, () => {
        tellOf({ kind: 'began' })
        return execution.run(call.inputs, call.stage)
      })
      const { inputs } = call
      const transfer = Object.values(inputs).map(({ buffer }) => buffer as ArrayBuffer)
      return { value: { kind: 'ran', facts: factsOf(execution), outputs, inputs }, transfer }
    }
    case 'close':
      // After all runs, also of those that nobody waits for: a thread that is ended in a run of native code takes the process with it.
      await oneByOne(1, async () => execution.dispose())
      return { value: { kind: 'closed' } }
  }
})

const opening = openExecution(executed, {
  ...options,
  note: line => tell({ kind: 'note', line }),
  onProgress: timing => tell({ kind: 'timing', timing }),
})
// Who opens it is told; until then it must not count as unhandled.
opening.catch(() => {})
