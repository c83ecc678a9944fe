import { either as E, function as F } from 'fp-ts'
import * as t from 'io-ts'
import { decodeErrors } from '../../ir/index.ts'
import type { NetworkOutput } from '../../passes/index.ts'
import { type SourceProblem, sourceProblem } from '../base/error.ts'
import { parseJson } from '../base/read-json.ts'
import { Preprocess } from '../data/index.ts'
import type { Meaning } from './meaning.ts'

/** What an exported file says of itself: which compiled network it is, and what its images and answers mean. */
export interface ExportedFacts extends Meaning {
  readonly network: string
  readonly plan: string
  /** Absent of a classifier. */
  readonly outputs?: readonly NetworkOutput[] | undefined
  /** Of a file that preprocesses by itself: what it takes. */
  readonly pixels?: string | undefined
}

/** The key that a fact stands under in the metadata of an ONNX file. */
export const metadataKey = (fact: keyof ExportedFacts): string => `espalier.${fact}`

/** Facts as ONNX files have them, text by keys: texts as they are, others as JSON. */
export const metadataOf = (facts: ExportedFacts): ReadonlyMap<string, string> =>
  new Map(
    Object.entries(facts).flatMap(([fact, value]) =>
      value === undefined
        ? []
        : [[metadataKey(fact as keyof ExportedFacts), typeof value === 'string' ? value : JSON.stringify(value)]],
    ),
  )

const read = <A>(
  metadata: ReadonlyMap<string, string>,
  fact: keyof ExportedFacts,
  codec: t.Type<A, unknown>,
  file: string,
): E.Either<readonly SourceProblem[], A | undefined> => {
  const key = metadataKey(fact)
  const text = metadata.get(key)
  if (text === undefined) return E.right(undefined)
  const where = `${file}, metadata ${key}`
  return F.pipe(
    parseJson(where, text),
    E.flatMap(json =>
      F.pipe(
        codec.decode(json),
        E.mapLeft(errors =>
          decodeErrors(errors).map(({ path, seen, expected }) =>
            sourceProblem(
              'malformed-file',
              path === '' ? where : `${where}, ${path}`,
              seen,
              expected,
              'export it again',
            ),
          ),
        ),
      ),
    ),
  )
}

/** What the metadata of an ONNX file say of a network's images and answers. */
export const meaningInMetadata = (
  metadata: ReadonlyMap<string, string>,
  file: string,
): E.Either<readonly SourceProblem[], Meaning> =>
  F.pipe(
    E.Do,
    E.bind('preprocess', () => read(metadata, 'preprocess', Preprocess, file)),
    E.bind('classes', () => read(metadata, 'classes', t.readonlyArray(t.string), file)),
    E.map(({ preprocess, classes }) => ({
      ...(preprocess === undefined ? {} : { preprocess }),
      ...(classes === undefined ? {} : { classes }),
    })),
  )
