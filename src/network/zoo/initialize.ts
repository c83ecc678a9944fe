import { either as E } from 'fp-ts'
import { type Graph, problem, sizeOf, type Tensor } from '../../../ir/index.ts'
import { type Random, random } from '../../base/random.ts'
import type { Network } from '../network.ts'
import type { ZooProblem } from './error.ts'
import { type ParameterUse, parameterUses } from './roles.ts'
import type { Architecture } from './zoo.ts'

const filled = (shape: readonly number[], value: () => number): Tensor => {
  const data = new Float32Array(sizeOf(shape))
  for (let i = 0; i < data.length; i++) data[i] = value()
  return { shape, data }
}

const initial = ({ shape, role }: ParameterUse, { normal, between }: Random): Tensor => {
  switch (role.kind) {
    case 'filter': {
      const [r, s, , o] = shape
      const deviation = Math.sqrt(2 / ((r * s * o) / role.groups))
      return filled(shape, () => deviation * normal())
    }
    case 'dense': {
      const bound = 1 / Math.sqrt(shape[0])
      return filled(shape, () => between(-bound, bound))
    }
    case 'scale':
    case 'variance':
    case 'factor':
      return filled(shape, () => 1)
    case 'offset':
    case 'mean':
    case 'bias':
    case 'other':
      return filled(shape, () => 0)
  }
}

/** Numbers that are drawn for a network at most: a gigabyte. */
const drawnAtMost = 2 ** 28

/** Says so where a network that has no weights yet would take too much memory with any. */
export const checkDrawable = ({ name, graph }: Architecture): E.Either<readonly ZooProblem[], Architecture> => {
  const drawn = parameterUses(graph).reduce((n, { shape }) => n + sizeOf(shape), 0)
  return drawn <= drawnAtMost
    ? E.right({ name, graph })
    : E.left([problem('too-large', name, `${drawn} parameters without values`, `at most ${drawnAtMost} to draw`)])
}

/**
 * Values to start training from, float32: filters He-normal by fan-out, dense weights uniform in ±1/√inputs, scales
 * and variances 1, all else 0. A parameter's values depend on the seed and its name alone.
 *
 * @see He et al., Delving Deep into Rectifiers, arXiv 1502.01852; fan-out as torchvision's ResNets.
 */
export const initialize = (graph: Graph, seed: number): ReadonlyMap<string, Tensor> =>
  new Map(parameterUses(graph).map(use => [use.name, initial(use, random(seed, `parameter:${use.name}`))]))

/** An untrained network; see {@link initialize}. */
export const initialized = ({ name, graph }: Architecture, seed: number): Network => ({
  name,
  graph,
  parameters: initialize(graph, seed),
})
