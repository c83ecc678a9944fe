import { either as E, function as F, type taskEither as TE } from 'fp-ts'
import * as t from 'io-ts'
import { decodeErrors, nearestHint, problem } from '../../ir/index.ts'
import { parseJson } from '../base/read-json.ts'
import { readText } from '../base/read-text.ts'
import type { DataProblem } from './error.ts'
import { isImageProcessor, preprocessOfImageProcessor } from './image-processor.ts'
import { Preprocess } from './preprocess.ts'

const example =
  '{"size": [224, 224], "resize": "shorter-side", "resize_to": 256, "crop": "center", "scale": 0.00392157, "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}'

const known = [
  'size',
  'resize',
  'resize_to',
  'longer_side',
  'interpolation',
  'crop',
  'scale',
  'mean',
  'std',
  'channels',
]

const check = (where: string, p: Preprocess): readonly DataProblem[] => {
  const wrong = (seen: string, expected: string): DataProblem => problem('bad-preprocess', where, seen, expected)
  const lists = [
    ['mean', p.mean],
    ['std', p.std],
  ] as const
  return [
    ...lists.flatMap(([name, list]) =>
      list !== undefined && list.length !== 1 && list.length !== (p.channels ?? 3)
        ? [
            wrong(
              `${name} of ${list.length} numbers`,
              p.channels === 1 ? 'one' : 'one, or three for red, green and blue',
            ),
          ]
        : [],
    ),
    ...(p.std?.some(s => s === 0) === true ? [wrong('a std of 0', 'numbers that can be divided by')] : []),
    ...(p.resize === 'shorter-side' && p.resize_to === undefined
      ? [wrong('"shorter-side" without resize_to', 'the length of the shorter side in pixels')]
      : []),
    ...(p.resize === 'shorter-side' && p.resize_to !== undefined && p.resize_to < Math.max(...p.size)
      ? [wrong(`resize_to ${p.resize_to}`, `at least ${Math.max(...p.size)}, so that the crop fits`)]
      : []),
  ]
}

/** A `size` that is one number is a square's. */
const withPairs = (json: unknown): unknown =>
  t.UnknownRecord.is(json) && typeof json.size === 'number' ? { ...json, size: [json.size, json.size] } : json

/** Decodes a preprocessing manifest, or Hugging Face's `preprocessor_config.json`; `where` names it in problems. */
export const decodePreprocess = (json: unknown, where: string): E.Either<readonly DataProblem[], Preprocess> => {
  if (isImageProcessor(json))
    return F.pipe(
      preprocessOfImageProcessor(json, where),
      E.flatMap(preprocess => decodePreprocess(preprocess, where)),
    )
  const decoded = Preprocess.decode(withPairs(json))
  if (E.isLeft(decoded))
    return E.left(
      decodeErrors(decoded.left).map(({ path, seen, expected }) =>
        problem('bad-preprocess', path === '' ? where : `${where}, ${path}`, seen, expected, example),
      ),
    )
  const extra = Object.keys(json as object).filter(key => !known.includes(key))
  const problems = [
    ...extra.map(key =>
      problem('bad-preprocess', where, `the key ${JSON.stringify(key)}`, known.join(', '), nearestHint(key, known)),
    ),
    ...check(where, decoded.right),
  ]
  return problems.length > 0 ? E.left(problems) : decoded
}

/** Reads a `--preprocess` file. */
export const readPreprocess =
  (path: string): TE.TaskEither<readonly DataProblem[], Preprocess> =>
  async () =>
    F.pipe(
      await readText(path, 'a preprocessing file')(),
      E.mapLeft(problem => [{ ...problem, hint: problem.hint ?? example }]),
      E.flatMap(text => parseJson(path, text, example)),
      E.flatMap(json => decodePreprocess(json, path)),
    )
