import { join } from 'node:path'
import { either as E } from 'fp-ts'
import { EspalierError } from '../../../ir/index.ts'
import { batches, type DataSet } from '../../../src/data/data-set.ts'
import { fitImages } from '../../../src/data/fit-images.ts'
import { readClassNames, readLabels } from '../../../src/data/labels.ts'
import { openData, parseDataReference } from '../../../src/data/reference.ts'
import { fitMeaning } from '../../../src/network/meaning.ts'
import { zoo } from '../../../src/network/zoo/index.ts'
import { bytesOf, Disagreement, type Files, type Format, type Outcome, textOf, withFile } from '../format.ts'
import { mutateBytes } from '../mutate/bytes.ts'
import { oddTexts, pick, weighted } from '../mutate/draw.ts'
import { smallerBinary, smallerText } from '../mutate/json.ts'
import { mutateText } from '../mutate/text.ts'
import { smallNetwork } from '../samples/small.ts'
import { tagsOf } from './networks.ts'

const preprocess = { size: [8, 8], resize: 'shorter-side', resize_to: 9, scale: 0.1 } as const
const network = smallNetwork()

/** Every image of a data set, as a network takes it: as many as it says. */
const readAll = async (data: DataSet): Promise<Outcome> => {
  let seen = 0
  try {
    for await (const { n, images, labels } of batches(data, { batch: 3, preprocess, limit: 100 })) {
      seen += n
      if (images.length !== n * 8 * 8 * 3) throw new Disagreement(`${images.length} numbers for ${n} images`)
      if (labels?.some(label => !Number.isSafeInteger(label) || label < 0)) throw new Disagreement(`labels ${labels}`)
    }
  } catch (error) {
    if (error instanceof EspalierError) return tagsOf(error.problems)
    throw error
  }
  if (seen > Math.min(100, data.count)) throw new Disagreement(`${seen} images of ${data.count}`)
  return 'opened'
}

const openAll = async (reference: string, options: Parameters<typeof openData>[1] = {}): Promise<Outcome> => {
  const data = await openData(reference, options)
  return E.isLeft(data) ? tagsOf([data.left].flat()) : readAll(data.right)
}

const anyFile = (random: Parameters<Format['mutate']>[1], files: Files): string => pick(random, [...files.keys()])

export const labels: Format = {
  name: 'labels',
  weight: 4,
  mutate: (sample, random) => {
    const name = anyFile(random, sample)
    const text = textOf(sample, name)
    const bytes = weighted(random, [
      [6, () => bytesOf(mutateText(text, random, { words: ['file', 'class_index', 'a.png', '"', ','] }))],
      [1, () => mutateBytes(bytesOf(text), random)],
    ])()
    return withFile(sample, name, bytes)
  },
  open: async (_, place) => {
    const read = await readLabels(join(place.folder, 'labels.csv'))
    const names = await readClassNames(join(place.folder, 'classes.txt'))
    const refused = [read, names].flatMap(each => (E.isLeft(each) ? [each.left] : []))
    if (refused.length > 0) return tagsOf(refused)
    const fits = fitMeaning(network, { classes: E.isRight(names) ? names.right : [] })
    return E.isLeft(fits) ? tagsOf(fits.left) : 'opened'
  },
  *smaller(files) {
    for (const name of files.keys()) yield* smallerText(files, name)
  },
}

export const image: Format = {
  name: 'image',
  weight: 6,
  mutate: (sample, random, others) =>
    withFile(
      sample,
      'image',
      mutateBytes(sample.get('image') as Uint8Array, random, pick(random, others).get('image')),
    ),
  open: async files => {
    const fitted = await fitImages([{ image: files.get('image') as Uint8Array, where: 'image' }], preprocess)
    return E.isLeft(fitted) ? tagsOf([fitted.left].flat()) : 'opened'
  },
  smaller: files => smallerBinary(files, 'image'),
}

const isHundred = (files: Files): boolean => files.has('test.bin') || files.has('fine_label_names.txt')

export const cifar: Format = {
  name: 'cifar',
  weight: 2,
  mutate: (sample, random) => {
    const name = anyFile(random, sample)
    const bytes = sample.get(name) as Uint8Array
    const row = 3072 + (name === 'test.bin' ? 2 : 1)
    return weighted(random, [
      [3, () => withFile(sample, name, mutateBytes(bytes, random))],
      [
        3,
        () =>
          withFile(
            sample,
            name,
            bytes.slice(0, row * (1 + random.below(2))).fill(random.below(256), 0, random.below(3)),
          ),
      ],
      [1, () => new Map([...sample].filter(([other]) => other !== name))],
    ])()
  },
  open: (files, place) => openAll(`${isHundred(files) ? 'cifar100' : 'cifar10'}:${place.folder}`),
  *smaller(files) {
    for (const name of files.keys()) yield* smallerBinary(files, name)
  },
}

/** Names that a file system takes. */
const odd = oddTexts.filter(name => name !== '' && !/[/\0]|^\.\.?$|^[\ud800]$/.test(name) && name.length < 200)

const renamed = (name: string, random: Parameters<Format['mutate']>[1]): string => {
  const parts = name.split('/')
  const at = random.below(parts.length)
  parts[at] = weighted(random, [
    [2, () => pick(random, odd)],
    [2, () => `${pick(random, odd)}.png`],
    [
      2,
      () =>
        pick(random, [
          '.a.png',
          '._a.png',
          'Thumbs.db',
          '__MACOSX',
          '.DS_Store',
          'A.PNG',
          'a.jfif',
          'a',
          'a.bmp',
          'désert.png',
          'de\u0301sert.png',
          'labels.csv',
          'cat',
          'dog',
        ]),
    ],
    [1, () => `${parts[at]}/${pick(random, odd)}`],
  ])()
  return parts.join('/')
}

export const folder: Format = {
  name: 'folder',
  weight: 3,
  mutate: (sample, random) => {
    const name = anyFile(random, sample)
    const bytes = sample.get(name) as Uint8Array
    const rest = [...sample].filter(([other]) => other !== name)
    return weighted(random, [
      [5, () => new Map([...rest, [renamed(name, random), bytes] as const])],
      [2, () => new Map([...sample, [renamed(name, random), bytes] as const])],
      [1, () => new Map(rest)],
      [
        2,
        () =>
          withFile(
            sample,
            name,
            name.endsWith('.csv') ? bytesOf(mutateText(textOf(sample, name), random)) : mutateBytes(bytes, random),
          ),
      ],
      [1, () => withFile(sample, name, new Uint8Array())],
    ])()
  },
  open: (files, place) =>
    openAll(`images:${place.folder}`, files.has('labels.csv') ? { labels: join(place.folder, 'labels.csv') } : {}),
  *smaller(files) {
    for (const name of files.keys()) yield new Map([...files].filter(([other]) => other !== name))
  },
}

const referenceWords =
  'zoo cifar-resnet-8 cifar-resnet-20 preact-resnet-14 cifar-vgg-6 resnet-18 vgg-11 classes generated orientation images cifar10 cifar100 split train test range 0:3 1:2 ? & = :'.split(
    ' ',
  )

export const reference: Format = {
  name: 'reference',
  weight: 3,
  mutate: (sample, random) =>
    withFile(
      sample,
      'reference.txt',
      bytesOf(mutateText(textOf(sample, 'reference.txt'), random, { words: referenceWords })),
    ),
  open: async files => {
    const text = textOf(files, 'reference.txt')
    if (text.startsWith('zoo:')) {
      const architecture = zoo(text.slice(4))
      return E.isLeft(architecture) ? tagsOf(architecture.left) : 'opened'
    }
    const parsed = parseDataReference(text)
    if (E.isLeft(parsed)) return tagsOf([parsed.left].flat())
    // What it names lies outside of the case.
    return parsed.right.scheme === 'generated' ? openAll(text) : 'opened'
  },
  smaller: files => smallerText(files, 'reference.txt'),
}
