import type { BackendName } from '../runtime/backend.ts'

/**
 * The executor that `auto` takes on a backend where there is no race (`chooseExecutor`): for many graphs that must share one,
 * as an experiment's variants do, and for steps that leave what they carry in the runtime's memory.
 */
export const withoutRace = (backend: BackendName): 'graph' | 'eager' => (backend === 'node-gpu' ? 'graph' : 'eager')
