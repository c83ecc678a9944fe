import { createHash } from 'node:crypto'
import { either as E, function as F } from 'fp-ts'
import * as t from 'io-ts'
import { CertaintyMeasure, decodeErrors } from '../../ir/index.ts'
import {
  type NetworkOutput,
  type OutputKind,
  outputKindNames,
  type PlanReduction,
  planReductions,
} from '../../passes/index.ts'
import { type SourceProblem, sourceProblem } from '../base/error.ts'
import { parseJson } from '../base/read-json.ts'
import { decodeText } from '../base/read-text.ts'
import { type CompiledNetwork, factsOf } from '../compile/compile.ts'
import { Preprocess } from '../data/index.ts'
import type { Meaning } from '../network/meaning.ts'

/** The files of a compiled folder. */
export const files = { manifest: 'manifest.json', graph: 'graph.json', weights: 'weights.safetensors' } as const

const PassReport = t.strict({
  name: t.string,
  milliseconds: t.number,
  rewrites: t.record(t.string, t.number),
  nodes_before: t.number,
  nodes_after: t.number,
  multiply_adds_before: t.number,
  multiply_adds_after: t.number,
})

const named = Object.fromEntries(outputKindNames.map(kind => [kind, null])) as Readonly<Record<OutputKind, null>>
const reductionNames = Object.fromEntries(planReductions.map(name => [name, null])) as Readonly<
  Record<PlanReduction, null>
>

const Output: t.Type<NetworkOutput> = t.intersection([
  t.strict({ name: t.string, kind: t.keyof(named) }),
  t.partial({
    gives: t.keyof({ scores: null, probabilities: null }),
    pairs: t.readonlyArray(t.readonly(t.tuple([t.number, t.number]))),
    reduction: t.keyof(reductionNames),
  }),
])

const StageFacts = t.intersection([
  t.strict({
    plan: t.string,
    multiply_adds: t.number,
    multiply_adds_relative: t.number,
    brought: t.readonlyArray(t.strict({ name: t.string, numbers: t.number })),
  }),
  t.partial({ gate: t.strict({ measure: CertaintyMeasure, below: t.number }), share: t.number }),
])

/** `manifest.json`: what a compiled folder holds and how it was made. */
const Manifest = t.intersection(
  [
    t.strict({
      format: t.literal('espalier'),
      version: t.literal(1),
      network: t.string,
      plan: t.string,
      multiply_adds: t.number,
      multiply_adds_relative: t.number,
      multiply_adds_relative_unshared: t.number,
      acts_on_maps: t.number,
      schedule: t.string,
      predicted_milliseconds: t.number,
      predicted_milliseconds_unshared: t.number,
      passes: t.readonlyArray(PassReport),
      /** Of the other files, so that a folder with a file of another one is refused. */
      sha256: t.strict({ [files.graph]: t.string, [files.weights]: t.string }),
    }),
    t.partial({
      outputs: t.readonlyArray(Output),
      preprocess: Preprocess,
      classes: t.readonlyArray(t.string),
      stages: t.readonlyArray(StageFacts),
    }),
  ],
  'Manifest',
)
export type Manifest = t.TypeOf<typeof Manifest>

/** Whether bytes are a manifest's. */
export const isManifest = (bytes: Uint8Array): boolean => {
  const json = F.pipe(
    decodeText(bytes, files.manifest),
    E.mapLeft(problem => [problem]),
    E.flatMap(text => parseJson(files.manifest, text)),
  )
  return E.isRight(json) && Manifest.is(json.right)
}

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

export const manifestOf = (
  compiled: CompiledNetwork,
  meaning: Meaning,
  graph: Uint8Array,
  weights: Uint8Array,
): Manifest => ({
  format: 'espalier',
  version: 1,
  ...factsOf(compiled),
  sha256: { [files.graph]: sha256(graph), [files.weights]: sha256(weights) },
  ...meaning,
})

export const decodeManifest = (path: string, json: unknown): E.Either<readonly SourceProblem[], Manifest> =>
  E.mapLeft((errors: t.Errors) =>
    decodeErrors(errors).map(({ path: key, seen, expected }) =>
      sourceProblem('malformed-file', key === '' ? path : `${path}, ${key}`, seen, expected, 'compile again'),
    ),
  )(Manifest.decode(json))

export const meaningOf = ({ preprocess, classes }: Manifest): Meaning => ({ preprocess, classes })
