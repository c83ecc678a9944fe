/** Ways to run a step: op by op on a backend of TensorFlow.js, or handed over whole to TensorFlow. */
export const trainingExecutors = ['eager', 'graph', 'xla'] as const
export type TrainingExecutor = (typeof trainingExecutors)[number]
