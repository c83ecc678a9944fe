/** The runtimes that execute a lowered graph, best first. */
export const backendNames = ['node-gpu', 'wasm', 'cpu'] as const

/** The name of a runtime; `node-gpu` is native TensorFlow, on CPUs too. */
export type BackendName = (typeof backendNames)[number]
