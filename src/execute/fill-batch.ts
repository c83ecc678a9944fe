import type { Execution } from './execution.ts'

/** Runs `n` images; where another batch size costs a compilation, blank ones fill a smaller batch up. Outputs have rows for these, too. */
export const runFilled = (
  { run, compilesBatches }: Pick<Execution, 'run' | 'compilesBatches'>,
  input: string,
  images: Float32Array,
  n: number,
  batch: number,
): ReturnType<Execution['run']> => {
  if (n >= batch || !compilesBatches) return run({ [input]: images })
  const filled = new Float32Array((images.length / n) * batch)
  filled.set(images)
  return run({ [input]: filled })
}
