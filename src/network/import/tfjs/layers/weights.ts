import type { Tensor } from '../../../../../ir/index.ts'
import { listed } from '../../../../base/format.ts'
import type { Constant } from '../canvas.ts'
import { refuse } from '../refusal.ts'

/** Finds a layer's weight, which has one of some names; `path` leads from the outermost nested model to the layer. */
export type WeightOf = (path: readonly string[], ...names: readonly string[]) => Constant

/** Keras 3 numbers the weights that have no name. */
const withoutNumber = (name: string): string => name.replace(/^variable_\d+$/, 'variable')

/**
 * Finds weights by the names that converters give them: `layer/kernel`, with the models that hold the layer before it,
 * or with a cell between the two.
 */
export const weightsByLayer = (weights: ReadonlyMap<string, Tensor>): WeightOf => {
  const byEnds = new Map<string, string[]>()
  for (const name of weights.keys()) {
    const parts = name.split('/')
    const ends = new Set(
      [parts.at(-2), parts.at(-3), parts[0]].map(layer => `${layer}/${withoutNumber(parts.at(-1) ?? '')}`),
    )
    for (const end of ends) {
      const names = byEnds.get(end)
      if (names === undefined) byEnds.set(end, [name])
      else names.push(name)
    }
  }
  return (path, ...names) => {
    const layer = path.at(-1) ?? ''
    const weight = names.find(name => byEnds.has(`${layer}/${name}`)) ?? names[0]
    const exact = [[...path, weight].join('/'), `${layer}/${weight}`].find(name => weights.has(name))
    const found = exact === undefined ? (byEnds.get(`${layer}/${weight}`) ?? []) : [exact]
    const value = found.length === 1 ? weights.get(found[0]) : undefined
    if (value === undefined)
      return refuse(
        'missing-weights',
        found.length === 0 ? `no weight ${layer}/${weight}` : `weights ${listed(found)}`,
        found.length === 0 ? 'it in weightsManifest' : `one that is ${layer}/${weight}`,
      )
    return { kind: 'constant', name: found[0], value }
  }
}
