import type { ModelBackend } from '../execute/open-execution.ts'
import type { BackendName } from '../runtime/backend-names.ts'

/** `tensorflow`, native TensorFlow, has an older name, too: `node-gpu`. */
type Named<B> = B | (BackendName extends B ? 'tensorflow' : never)

/** Options of a public function, in which native TensorFlow may be called `tensorflow`. */
export type WithBackend<O extends { readonly backend?: ModelBackend }> = Omit<O, 'backend'> & {
  /** Where it runs: `tensorflow` (native, after `espalier setup`; also called `node-gpu`), `wasm`, `cpu`. */
  readonly backend?: Named<NonNullable<O['backend']>>
}

/** The options with the name by which the rest of the package knows a backend. */
export const withBackend = <O extends { readonly backend?: ModelBackend }>(options: WithBackend<O>): O =>
  ({ ...options, ...(options.backend === 'tensorflow' ? { backend: 'node-gpu' } : {}) }) as O
