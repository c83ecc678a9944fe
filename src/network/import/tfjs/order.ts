import { either as E } from 'fp-ts'

/**
 * What `wanted` needs, itself included, in an order in which everything comes after what it depends on; on the left
 * a name that depends on itself.
 */
export const inOrder = (
  wanted: readonly string[],
  dependencies: (name: string) => readonly string[],
): E.Either<string, readonly string[]> => {
  const order: string[] = []
  const state = new Map<string, 'open' | 'done'>()
  for (const root of wanted) {
    const path: { readonly name: string; readonly rest: string[] }[] = []
    const enter = (name: string): void => {
      state.set(name, 'open')
      path.push({ name, rest: [...dependencies(name)].reverse() })
    }
    if (!state.has(root)) enter(root)
    while (path.length > 0) {
      const { name, rest } = path[path.length - 1]
      const next = rest.pop()
      if (next === undefined) {
        state.set(name, 'done')
        order.push(name)
        path.pop()
      } else if (state.get(next) === 'open') return E.left(next)
      else if (!state.has(next)) enter(next)
    }
  }
  return E.right(order)
}
