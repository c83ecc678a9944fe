import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { either as E, function as F } from 'fp-ts'
import { describe, expect, it } from 'vitest'
import { type Graph, parse, print, renderProblems, type Tensor } from '../../ir/index.ts'
import {
  cutStages,
  dropSymmetricActs,
  evaluateConstants,
  foldBatchNorm,
  insertBranches,
  mergeConvolutions,
  mergeVariants,
  type Pass,
  parsePlan,
  placeStages,
  removeDeadNodes,
  runPasses,
  sharePrefix,
  sinkTransforms,
  unroll,
} from '../../passes/index.ts'
import { stackVariants } from '../../passes/stack-variants.ts'
import { orThrow } from '../../src/base/error.ts'
import { environmentOf } from '../arbitrary/environment.ts'

// `ACCEPT=1 npx vitest run golden` writes what the passes give now into the files: read the diff before committing it.
const accept = process.env.ACCEPT === '1'
const folder = new URL('../golden/', import.meta.url)

const insert = (graph: Graph, plan: string): Pass =>
  insertBranches(orThrow(placeStages(orThrow(parsePlan(plan)), graph, () => () => 0.5)))

const passes: { readonly [name: string]: Pass } = Object.fromEntries(
  [
    dropSymmetricActs,
    evaluateConstants,
    foldBatchNorm,
    mergeVariants,
    removeDeadNodes,
    sharePrefix,
    sinkTransforms,
    stackVariants,
    unroll,
  ].map(pass => [pass.name, pass]),
)

/** `sink-transforms`, `insert-branches flip@1:geo`, `merge-convolutions split`. */
const passOf = (graph: Graph, line: string): Pass => {
  const [name, argument = ''] = line.split(' ')
  if (name === 'merge-convolutions') return mergeConvolutions(argument as 'joined' | 'split')
  return name === 'insert-branches' ? insert(graph, argument) : passes[name]
}

const printValues = (parameters: ReadonlyMap<string, Tensor>): string =>
  [...parameters].map(([name, { shape, data }]) => `${name} [${shape}] = ${data.join(' ')}\n`).join('')

/** What a graph is cut into: each stage with its gate. */
const printStages = (graph: Graph): string =>
  cutStages(graph)
    .map(({ graph, gate }) =>
      gate === undefined
        ? print(graph)
        : `${print(graph)}below ${gate.below}, by ${gate.certainty}, with ${gate.carried.join(', ')}\n`,
    )
    .join('---\n')

/** A file is the pass, the graph before it, and what came of it: the graph after it, how often each rule fired, and new values. */
const run = (text: string): string => {
  const [line, before] = text.split(/\n\n|\n---\n/, 2)
  const graph = F.pipe(
    parse(`${before.trimEnd()}\n`),
    E.getOrElseW(problems => expect.fail(renderProblems(problems))),
  )
  if (line === 'cut-stages') return `${line}\n\n${print(graph)}---\n${printStages(graph)}`
  const { parameters } = environmentOf(graph, 'integers', 1, 1)
  const { program, reports } = orThrow(runPasses([passOf(graph, line)], { graph, parameters }))
  const changed = new Map([...program.parameters].filter(([name]) => !parameters.has(name)))
  return [
    line,
    '',
    `${print(graph)}---`,
    `${print(program.graph)}---`,
    ...Object.entries(reports[0].rewrites).map(([rule, times]) => `${rule}: ${times}`),
    printValues(changed),
  ].join('\n')
}

const files = readdirSync(folder).filter(name => name.endsWith('.txt'))

describe('golden programs', () => {
  it.each(files)('%s', name => {
    const path = new URL(name, folder)
    const text = readFileSync(path, 'utf8')
    const now = run(text)
    if (accept && now !== text) writeFileSync(path, now)
    else expect(now).toBe(text)
  })

  it('cover every pass', () => {
    const covered = new Set(files.map(name => readFileSync(new URL(name, folder), 'utf8').split(/[ \n]/, 1)[0]))
    expect([...covered].sort()).toEqual(
      [...Object.keys(passes), 'cut-stages', 'insert-branches', 'merge-convolutions'].sort(),
    )
  })
})
