import { distance } from 'fastest-levenshtein'
import { either as E } from 'fp-ts'
import { problem, sameShape, type Tensor } from '../../../ir/index.ts'
import type { Network } from '../network.ts'
import type { TensorProblem } from './error.ts'
import { arranged, axisOrder, type Layout, shapeInFile } from './layout.ts'
import { type ParameterUse, parameterUses } from './roles.ts'
import type { Architecture } from './zoo.ts'

type Tensors = ReadonlyMap<string, Tensor>

/** PyTorch counts batches beside each batch normalization; inference has no use for that. */
const isCounter = (name: string): boolean => name.endsWith('num_batches_tracked')

/** What every name begins with, dot by dot: `module.net.x` and `module.net.y` have ``, `module.`, `module.net.`. */
const commonPrefixes = (names: readonly string[]): readonly string[] => {
  const [first = '', ...others] = names
  const prefixes = ['']
  for (let dot = first.indexOf('.'); dot >= 0; dot = first.indexOf('.', dot + 1)) {
    const prefix = first.slice(0, dot + 1)
    if (!others.every(name => name.startsWith(prefix))) break
    prefixes.push(prefix)
  }
  return prefixes
}

/** Tensors without counters and without the prefix (`module.`) that hides most of the wanted names. */
const bareTensors = (tensors: Tensors, isWanted: (name: string) => boolean): Tensors => {
  const named = [...tensors].filter(([name]) => !isCounter(name))
  const names = named.map(([name]) => name)
  const [{ length }] = commonPrefixes(names)
    .map(({ length }) => ({ length, hits: names.filter(name => isWanted(name.slice(length))).length }))
    .sort((a, b) => b.hits - a.hits)
  return new Map(named.map(([name, value]) => [name.slice(length), value]))
}

const nearest = (name: string, others: readonly string[]): string | undefined => {
  const [best] = others
    .map(other => ({ other, steps: distance(name, other) }))
    .filter(({ other, steps }) => 2 * steps <= Math.max(name.length, other.length))
    .sort((a, b) => a.steps - b.steps)
  return best?.other
}

const mismatches = (
  name: string,
  uses: readonly ParameterUse[],
  tensors: Tensors,
  layout: Layout,
): readonly TensorProblem[] => {
  const wanted = new Set(uses.map(use => use.name))
  const extra = [...tensors.keys()].filter(tensor => !wanted.has(tensor))
  const absent = uses.filter(use => !tensors.has(use.name)).map(use => use.name)
  const where = (tensor: string): string => `${name}, tensor ${tensor}`
  const fromUses = uses.flatMap((use): readonly TensorProblem[] => {
    const value = tensors.get(use.name)
    const shape = shapeInFile(use, axisOrder(use, layout))
    if (value === undefined) {
      const near = nearest(use.name, extra)
      const hint = near === undefined ? undefined : `${near} [${tensors.get(near)?.shape}] is nearest by name`
      return [problem('missing-tensor', where(use.name), 'none', `a tensor [${shape}]`, hint)]
    }
    return sameShape(value.shape, shape)
      ? []
      : [problem('misshapen-tensor', where(use.name), `[${value.shape}]`, `[${shape}]`)]
  })
  const fromFile = extra.map(tensor => {
    const near = nearest(tensor, absent)
    return problem(
      'extra-tensor',
      where(tensor),
      `a tensor [${tensors.get(tensor)?.shape}]`,
      'none of this name',
      near === undefined ? undefined : `${near} is missing`,
    )
  })
  return [...fromUses, ...fromFile]
}

/**
 * A network with trained values, float32, from tensors under its parameters' names. A prefix that all names share is
 * dropped where that makes them fit; PyTorch's `num_batches_tracked` are ignored.
 *
 * @returns every missing, left-over or misshapen tensor at once where they do not fit.
 */
export const withWeights = (
  { name, graph }: Architecture,
  tensors: Tensors,
  layout: Layout = 'pytorch',
): E.Either<readonly TensorProblem[], Network> => {
  const uses = parameterUses(graph)
  const wanted = new Set(uses.map(use => use.name))
  const bare = bareTensors(tensors, tensor => wanted.has(tensor))
  const problems = mismatches(name, uses, bare, layout)
  if (problems.length > 0) return E.left(problems)
  const parameters = new Map(
    uses.map(use => [use.name, arranged(bare.get(use.name) as Tensor, axisOrder(use, layout))] as const),
  )
  return E.right({ name, graph, parameters })
}

/** Biases of the layers that end a zoo network: as long as there are classes, in either layout. */
const lastBias = /(?:^|\.)(?:fc|classifier(?:\.6)?)\.bias$/

/** How many classes trained tensors of a zoo network tell apart; undefined where no tensor says it. */
export const classCountOfWeights = (tensors: Tensors): number | undefined => {
  const bias = [...tensors].find(([name, { shape }]) => lastBias.test(name) && shape.length === 1)
  return bias?.[1].shape[0]
}
