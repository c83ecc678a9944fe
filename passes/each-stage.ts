import { either as E } from 'fp-ts'
import { cutStages, joinStages, type Stage } from './cut-stages.ts'
import { admitAll, type Pass, type PassProblem, type Rewrites, type Rewritten } from './pass.ts'

const sum = (a: Rewrites, b: Rewrites): Rewrites =>
  Object.fromEntries(Object.keys({ ...a, ...b }).map(name => [name, (a[name] ?? 0) + (b[name] ?? 0)]))

/** A pass that works on each stage alone, so that what it joins stays in one. Of a graph without stages, the pass itself. */
export const eachStage = (pass: Pass): Pass => ({
  ...pass,
  run: (program, admit = admitAll) => {
    const stages = cutStages(program.graph)
    if (stages.length === 1) return pass.run(program, admit)
    const done: Stage[] = []
    let parameters = program.parameters
    let rewrites: Rewrites = {}
    for (const stage of stages) {
      const result: E.Either<readonly PassProblem[], Rewritten> = pass.run({ graph: stage.graph, parameters }, admit)
      if (E.isLeft(result)) return result
      done.push({ ...stage, graph: result.right.program.graph })
      parameters = new Map([...parameters, ...result.right.program.parameters])
      rewrites = sum(rewrites, result.right.rewrites)
    }
    return E.right({ program: { graph: joinStages(done), parameters }, rewrites })
  },
})
