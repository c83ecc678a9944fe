import { execFile, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

/** What PyTorch is to step; `maps` are those where {identity, flip} branches. */
export interface TorchTask {
  readonly network: string
  readonly maps: readonly number[]
  readonly reduction: string
  readonly batch: number
  readonly channels_last: boolean
}

/** Training steps in a process of its own. */
export interface TorchSteps {
  readonly version: string
  /** How many it trains. */
  readonly parameters: number
  readonly run: () => Promise<unknown>
  readonly dispose: () => void
}

const variable = 'ESPALIER_TEST_PYTHON'
const script = fileURLToPath(new URL('./torch_steps.py', import.meta.url))

/** The Python that has PyTorch, or why there is none. */
export const torchPython = async (): Promise<{ readonly python: string } | { readonly absent: string }> => {
  const python = process.env[variable]
  if (python === undefined) return { absent: `${variable} names no Python with torch` }
  try {
    await promisify(execFile)(python, ['-c', 'import torch'])
    return { python }
  } catch (error) {
    return { absent: `${variable}=${python}: ${(error as Error).message.trim().split('\n').at(-1)}` }
  }
}

/** @throws Error where the process ends */
export const openTorchSteps = async (python: string, task: TorchTask): Promise<TorchSteps> => {
  const child = spawn(python, [script, JSON.stringify(task)], { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const answer = async () => {
    const { value, done } = await lines.next()
    if (done === true) throw new Error(`PyTorch ended, given ${JSON.stringify(task)}`)
    return JSON.parse(value)
  }
  return {
    ...(await answer()),
    run: () => {
      child.stdin.write('\n')
      return answer()
    },
    dispose: () => child.stdin.end(),
  }
}
