import { either as E, function as F, type taskEither as TE } from 'fp-ts'
import * as t from 'io-ts'
import { decodeErrors, Extent, nearestHint, problem, Real } from '../../ir/index.ts'
import { parseJson } from '../base/read-json.ts'
import { readText } from '../base/read-text.ts'
import type { DataProblem } from './error.ts'
import { isImageProcessor, preprocessOfImageProcessor } from './image-processor.ts'

const Channels = t.readonlyArray(Real)

/**
 * How an image becomes a network's input: resized so that its shorter side is `resize_to` (the longer `cut` to whole pixels, or `rounded`), or to exactly `size`, or not at all (`none`), bilinearly where no other `interpolation` is said; cropped at the
 * centre to `size` (`[height, width]`, in pixels), half of an odd margin rounded to the even side, or cut down (`center-floor`); then `(pixel · scale − mean) / std`, channel by channel, pixels from 0 to 255. With one channel, what is resized is its luma.
 */
export const Preprocess = t.intersection(
  [
    t.strict({ size: t.readonly(t.tuple([Extent, Extent]), '[height, width] in pixels, or the side of a square') }),
    t.partial({
      resize: t.keyof({ 'shorter-side': null, exact: null, none: null }),
      resize_to: Extent,
      longer_side: t.keyof({ cut: null, rounded: null }),
      interpolation: t.keyof({ bilinear: null, bicubic: null }),
      crop: t.keyof({ center: null, 'center-floor': null }),
      scale: Real,
      mean: Channels,
      std: Channels,
      channels: t.union([t.literal(1), t.literal(3)]),
    }),
  ],
  'Preprocess',
)
export type Preprocess = t.TypeOf<typeof Preprocess>

/** How an image is cut for a network: to the size of its preprocessing, or, for one of open height and width, not at all. */
export type Cut = Preprocess & { readonly own?: boolean }

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

/** Writes `(pixel · scale − mean) / std` for RGB pixels, `[h, w, 3]`, at an offset of a batch: all three channels, or the first where one is wanted. */
export const normalizeInto = (
  pixels: Uint8Array | Float32Array,
  { scale = 1, mean = [0], std = [1], channels = 3 }: Preprocess,
  into: Float32Array,
  offset: number,
): void => {
  for (let c = 0; c < channels; c++) {
    const m = mean.length === 1 ? mean[0] : mean[c]
    const s = std.length === 1 ? std[0] : std[c]
    for (let i = c, at = offset + c; i < pixels.length; i += 3, at += channels) into[at] = (pixels[i] * scale - m) / s
  }
}
