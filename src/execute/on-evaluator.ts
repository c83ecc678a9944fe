import { either as E } from 'fp-ts'
import { evaluate, renderProblems } from '../../ir/index.ts'
import { imageType } from '../network/network.ts'
import type { Executed, Execution } from './execution.ts'

/** A network's graph in the evaluator that defines what graphs mean. */
export const onEvaluator = ({ graph, parameters }: Executed): Execution<'reference'> => {
  const { name, ...image } = imageType({ graph })
  const { h, w, c } = image
  return {
    executor: 'reference',
    backend: 'reference',
    describe: 'the reference evaluator, plain TypeScript in float64',
    compilesBatches: false,
    inputs: new Map([[name, { kind: 'Map', ...image }]]),
    run: async fed => {
      const inputs = new Map([[name, { shape: [fed[name].length / (h * w * c), h, w, c], data: fed[name] }]])
      const outputs = evaluate(graph, { inputs, parameters })
      if (E.isLeft(outputs)) throw new Error(renderProblems(outputs.left))
      return Object.fromEntries(outputs.right)
    },
    dispose: () => {},
  }
}
