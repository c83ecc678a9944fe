import { either as E } from 'fp-ts'
import { evaluate, renderProblems } from '../../ir/index.ts'
import { type Executed, type Execution, stageGraphs } from './execution.ts'
import { takeFed } from './fed.ts'
import { signatureOf } from './signature.ts'

/** A network's graphs in the evaluator that defines what graphs mean. */
export const onEvaluator = (executed: Executed): Execution<'reference'> => {
  const { parameters } = executed
  const stages = stageGraphs(executed).map(graph => ({ graph, inputs: signatureOf(graph).inputs }))
  return {
    executor: 'reference',
    backend: 'reference',
    describe: 'the reference evaluator, plain TypeScript in float64',
    compilesBatches: false,
    inputs: stages[0].inputs,
    run: async (fed, stage = 0) => {
      const { graph, inputs } = stages[stage]
      const outputs = evaluate(graph, { inputs: takeFed(inputs, fed), parameters })
      if (E.isLeft(outputs)) throw new Error(renderProblems(outputs.left))
      return Object.fromEntries(outputs.right)
    },
    dispose: () => {},
  }
}
