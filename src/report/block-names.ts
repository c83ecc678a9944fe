/** More names than this under one scope are more than one block. */
const largest = 24

/** `layer1.0.conv2.Conv` for `/layer1/layer1.0/conv2/Conv`. */
const dotted = (name: string): string => {
  const scopes = name.split('/').filter(scope => scope !== '')
  return scopes.filter((scope, k) => !scopes[k + 1]?.startsWith(`${scope}.`)).join('.')
}

/** What encloses a name, the widest first: `block_1` of `block_1_expand`, `layer1` and `layer1.0` of `layer1.0.conv2`. */
const scopesOf = (name: string): readonly string[] =>
  [...name.matchAll(/\.|(?<=\d)_(?=[A-Za-z])/g)].map(({ index }) => name.slice(0, index)).filter(scope => scope !== '')

const endsInNumber = (scope: string): boolean => /(^|\.)\d+$/.test(scope)

/**
 * How the names of a graph's nodes tell its blocks: `layer3.17` of `layer3.17.conv1`, the widest numbered scope that is no larger than a block,
 * or else the widest such scope. Scopes around most of the graph are left out. Null for a name that is in no scope.
 */
export const blockNamer = (names: Iterable<string>): ((name: string) => string | null) => {
  const distinct = [...new Set([...names].map(dotted))]
  const sizes = new Map<string, number>()
  for (const name of distinct) for (const scope of scopesOf(name)) sizes.set(scope, (sizes.get(scope) ?? 0) + 1)
  const sizeOf = (scope: string): number => sizes.get(scope) ?? 1
  const aroundMost = (name: string, scope: string): boolean =>
    2 * sizeOf(scope) > distinct.length && !/^(\d|_)/.test(name.slice(scope.length + 1))
  return given => {
    const name = dotted(given)
    const scopes = scopesOf(name)
    const around = scopes.filter(scope => sizeOf(scope) > largest && aroundMost(name, scope)).at(-1)
    const blocks = [...scopes, ...(endsInNumber(name) ? [name] : [])].filter(scope => sizeOf(scope) <= largest)
    const block = blocks.find(endsInNumber) ?? blocks[0]
    if (block === undefined) return null
    return around === undefined ? block : block.slice(around.length + 1)
  }
}
