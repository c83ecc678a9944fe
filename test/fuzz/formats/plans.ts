import { strict as assert } from 'node:assert'
import { join } from 'node:path'
import { either as E } from 'fp-ts'
import type { Problem } from '../../../ir/index.ts'
import { naivePipeline, type Plan, parsePlan, printPlan } from '../../../passes/index.ts'
import { compileNetwork } from '../../../src/compile/compile.ts'
import { readPlan } from '../../../src/compile/read-plan.ts'
import { attempted } from '../../attempted.ts'
import { expectAgreement, firstOutput, inputsOf } from '../check/agree.ts'
import { workOf } from '../check/network.ts'
import { bytesOf, Disagreement, type Format, type Outcome, textOf, withFile } from '../format.ts'
import { pick } from '../mutate/draw.ts'
import { mutateJson, smallerJson, smallerText } from '../mutate/json.ts'
import { mutateText } from '../mutate/text.ts'
import { smallNetwork } from '../samples/small.ts'
import { tagsOf } from './networks.ts'

const words =
  'vanilla tta flip flipv rot4 d4 shift4 rotate scale only max sum geo none id rot90 rot180 rot270 transpose antitranspose shift(1,0) shift(0,-1) rotate(15) scale(1.1) {id,flip} {id,rot90,rot180} @0 @1 @2 @3 , : - /0.5/'.split(
    ' ',
  )
const network = smallNetwork()

/** A plan is printed and read back, and compiled: what it comes to means what the naive program means. */
const tryPlan = (read: E.Either<readonly Problem[], Plan>): Outcome => {
  if (E.isLeft(read)) return tagsOf(read.left)
  const plan = read.right
  const printed = printPlan(plan)
  if (!printed.includes('?')) {
    const again = parsePlan(printed)
    try {
      assert.deepEqual(again, read)
    } catch {
      throw new Disagreement(`printed and parsed, a plan is another: ${printed.slice(0, 100)}`)
    }
  }
  const compiled = compileNetwork(network, plan)
  if (E.isLeft(compiled)) return tagsOf(compiled.left)
  const naive = compileNetwork(network, plan, { pipeline: naivePipeline })
  if (E.isLeft(naive)) throw new Disagreement('a plan that is compiled is refused under the naive pipeline')
  if (workOf(naive.right.graph) > 3e6) return 'opened'
  const inputs = inputsOf(network.graph, 1)
  expectAgreement('compiled', firstOutput(compiled.right, inputs), naive.right, inputs)
  return 'opened'
}

const textName = 'plan.txt'
const fileName = 'plan.json'

export const planName: Format = {
  name: 'plan-name',
  weight: 6,
  mutate: (sample, random, others) =>
    withFile(
      sample,
      textName,
      bytesOf(mutateText(textOf(sample, textName), random, { words, other: textOf(pick(random, others), textName) })),
    ),
  open: async files => {
    const text = textOf(files, textName)
    // A name that ends so is a file's.
    return tryPlan(text.endsWith('.json') ? parsePlan(text) : await attempted(readPlan(text)))
  },
  smaller: files => smallerText(files, textName),
}

export const planFile: Format = {
  name: 'plan-file',
  weight: 3,
  mutate: (sample, random) => withFile(sample, fileName, mutateJson(textOf(sample, fileName), random, words)),
  open: async (_, place) => tryPlan(await attempted(readPlan(join(place.folder, fileName)))),
  smaller: files => smallerJson(files, fileName),
}
