import { distance } from 'fastest-levenshtein'
import { either as E } from 'fp-ts'
import { EspalierError, type Graph, problem, renderProblems } from '../../../ir/index.ts'
import type { ZooProblem } from './error.ts'
import { type Body, buildGraph } from './layers.ts'
import { convolvedPreactResnet, pooledPreactResnet } from './preact-resnet.ts'
import { cifarResnet, resnet18, resnet50 } from './resnet.ts'
import { cifarVgg6, vgg11 } from './vgg.ts'

/** A network without values: a flat classifier graph from `image`, a `Map[h, w, 3]`, to `logits`. */
export interface Architecture {
  readonly name: string
  readonly graph: Graph
}

type Extents = readonly [height: number, width: number]

export interface ZooOptions {
  /** Where the reference has no `?classes=`; by default 100 for the CIFAR networks and 1000 for the others. */
  readonly classes?: number
  /** Of the images; by default 32² for the CIFAR networks and 224² for the others. */
  readonly size?: Extents
}

interface Entry {
  readonly name: string
  readonly body: Body
  readonly classes: number
  readonly size: Extents
  /** The only size that the network takes. */
  readonly fixed?: boolean
}

/** Networks of every depth N = 6n + 2. */
const families: Readonly<Record<string, (n: number) => Body>> = {
  'cifar-resnet-N': cifarResnet,
  'preact-resnet-N': pooledPreactResnet,
  'preact-resnet-N-conv': convolvedPreactResnet,
}

const cifar = { classes: 100, size: [32, 32] } as const
const imagenet = { classes: 1000, size: [224, 224] } as const
const single: readonly Entry[] = [
  { name: 'cifar-vgg-6', body: cifarVgg6, ...cifar, fixed: true },
  { name: 'resnet-18', body: resnet18, ...imagenet },
  { name: 'resnet-50', body: resnet50, ...imagenet },
  { name: 'vgg-11', body: vgg11, ...imagenet, fixed: true },
]

/** Every name there is; N stands for a depth 6n + 2. */
export const zooNames: readonly string[] = [...Object.keys(families), ...single.map(entry => entry.name)]

/** Depths in use, to name when a name is off. */
const depths = [20, 32, 44, 56, 110]
const concreteNames = zooNames.flatMap(name =>
  name.includes('N') ? depths.map(depth => name.replace('N', String(depth))) : [name],
)
const deepest = 9998

const nearestNames = (name: string): string => {
  const typed = name.slice(0, 64).toLowerCase()
  return [...concreteNames]
    .sort((a, b) => distance(typed, a) - distance(typed, b))
    .slice(0, 3)
    .join(', ')
}

const depthPattern = /-([1-9]\d*)(?=-conv$|$)/

const findEntry = (name: string): E.Either<ZooProblem, Entry> => {
  const known = single.find(entry => entry.name === name)
  if (known !== undefined) return E.right(known)
  const depth = Number(depthPattern.exec(name)?.[1])
  const body = families[name.replace(depthPattern, '-N')]
  if (body === undefined || Number.isNaN(depth))
    return E.left(
      problem('unknown-network', 'zoo', `network ${name || 'without a name'}`, zooNames.join(', '), nearestNames(name)),
    )
  const n = (depth - 2) / 6
  if (Number.isInteger(n) && n >= 1 && depth <= deepest) return E.right({ name, body: body(n), ...cifar })
  const below = Math.min(Math.max(Math.floor(n), 1), (deepest - 2) / 6 - 1)
  const near = [below, below + 1].map(m => name.replace(depthPattern, `-${6 * m + 2}`))
  return E.left(
    problem('bad-depth', `zoo ${name}`, `depth ${depth}`, `a depth 6n + 2 from 8 to ${deepest}`, near.join(' or ')),
  )
}

const readClasses = (where: string, text: string): E.Either<ZooProblem, number> =>
  /^[1-9]\d{0,6}$/.test(text)
    ? E.right(Number(text))
    : E.left(problem('bad-classes', where, `classes=${text}`, 'a whole number from 1 to 9999999'))

/** The class count that `?classes=K` names, if it does; nothing else is known there. */
const readQuery = (where: string, query: string): E.Either<readonly ZooProblem[], number | undefined> => {
  const options = [...new URLSearchParams(query)]
  const unknown = options.filter(([key]) => key !== 'classes')
  if (unknown.length > 0)
    return E.left(
      unknown.map(([key]) =>
        problem('unknown-option', where, `option ${key}`, 'classes, or weights of a file', `${where}?classes=10`),
      ),
    )
  if (options.length > 1)
    return E.left([problem('bad-classes', where, options.map(([, k]) => `classes=${k}`).join(' and '), 'one count')])
  return options.length === 0
    ? E.right(undefined)
    : E.mapLeft((p: ZooProblem) => [p])(readClasses(where, options[0][1]))
}

/**
 * The network that a reference `NAME` or `NAME?classes=K` names, without values. Its parameters have the names of
 * PyTorch's (`layer1.0.conv1.weight`, `layer1.0.bn1.running_mean`) and the IR's layouts.
 */
export const zoo = (reference: string, options: ZooOptions = {}): E.Either<readonly ZooProblem[], Architecture> => {
  const mark = reference.indexOf('?')
  const name = mark < 0 ? reference : reference.slice(0, mark)
  const found = findEntry(name)
  const query = mark < 0 ? E.right(undefined) : readQuery(name, reference.slice(mark + 1))
  const given = options.classes === undefined ? E.right(undefined) : readClasses(name, String(options.classes))
  const problems = [
    ...(E.isLeft(found) ? [found.left] : []),
    ...(E.isLeft(query) ? query.left : []),
    ...(E.isLeft(given) ? [given.left] : []),
  ]
  if (E.isLeft(found) || E.isLeft(query) || E.isLeft(given)) return E.left(problems)
  const { body, classes, size, fixed } = found.right
  const [h, w] = options.size ?? size
  const refuseSize = (expected: string): E.Either<readonly ZooProblem[], never> =>
    E.left([problem('bad-size', `zoo ${name}`, `images of ${h}×${w}`, expected)])
  if (fixed === true && (h !== size[0] || w !== size[1])) return refuseSize(`${size.join('×')}, as its dense layers do`)
  if (![h, w].every(n => Number.isSafeInteger(n) && n > 0)) return refuseSize('positive whole numbers')
  const count = query.right ?? given.right ?? classes
  try {
    return E.right({ name, graph: buildGraph(body, [h, w], count) })
  } catch (thrown) {
    if (!(thrown instanceof EspalierError)) throw thrown
    if (thrown.problems.some(({ where }) => where.startsWith('Parameter')))
      return E.left([problem('too-large', `zoo ${name}`, `a layer for ${count} classes`, 'fewer', 'classes=1000')])
    return refuseSize(`a size that its layers can take (${renderProblems(thrown.problems)})`)
  }
}
