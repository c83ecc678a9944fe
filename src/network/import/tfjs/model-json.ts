import { either as E, function as F } from 'fp-ts'
import * as t from 'io-ts'
import { excerpt, problem } from '../../../../ir/index.ts'
import type { ImportProblem } from '../error.ts'

const Extent = t.refinement(t.number, n => Number.isSafeInteger(n) && n >= 0, 'a whole number from 0')

const Quantization = t.intersection([t.type({ dtype: t.string }), t.partial({ scale: t.number, min: t.number })])

const WeightEntry = t.intersection([
  t.type({ name: t.string, shape: t.array(Extent), dtype: t.string }),
  t.partial({ quantization: Quantization }),
])

/** One tensor in the shards of its group, after those listed before it. */
export type WeightEntry = t.TypeOf<typeof WeightEntry>

const WeightGroup = t.type({ paths: t.array(t.string), weights: t.array(WeightEntry) })

/** Files that hold one run of bytes between them, and the tensors in it. */
export type WeightGroup = t.TypeOf<typeof WeightGroup>

export const JsonObject = t.record(t.string, t.unknown, 'an object')

const ModelJson = t.intersection([
  t.type({ modelTopology: JsonObject }),
  t.partial({
    weightsManifest: t.array(WeightGroup),
    signature: JsonObject,
    userDefinedMetadata: JsonObject,
  }),
])

/** The parts of a `model.json` that both kinds of model have. */
export type ModelJson = t.TypeOf<typeof ModelJson>

/** `modelTopology.node[3].name`: an intersection's own steps are no part of the path. */
const pathOf = (context: t.Context): string =>
  context
    .filter((_, at) => at > 0 && (context[at - 1].type as { readonly _tag?: string })._tag !== 'IntersectionType')
    .map(({ key }) => (/^\d+$/.test(key) ? `[${key}]` : `.${key}`))
    .join('')
    .replace(/^\./, '')

/** Decodes a part of a model file; every problem names its place in the JSON. */
export const decode = <A>(
  where: string,
  codec: t.Decoder<unknown, A>,
  value: unknown,
): E.Either<readonly ImportProblem[], A> =>
  F.pipe(
    codec.decode(value),
    E.mapLeft(errors =>
      errors.map(({ context, value: seen }) => {
        const path = pathOf(context)
        return problem(
          'malformed-file',
          path === '' ? where : `${where}, ${path}`,
          excerpt(seen),
          context[context.length - 1].type.name,
        )
      }),
    ),
  )

/** Reads the text of a `model.json`. */
export const parseModelJson = (where: string, text: string): E.Either<readonly ImportProblem[], ModelJson> =>
  F.pipe(
    E.tryCatch(
      (): unknown => JSON.parse(text),
      cause => [
        problem('malformed-file' as const, where, String(cause), 'JSON', 'the file may be cut short: fetch it again'),
      ],
    ),
    E.flatMap(json => decode(where, ModelJson, json)),
  )
