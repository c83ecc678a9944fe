/** Ops that leave the numbers of classes as they are, but for their type and shape. */
const passing: readonly string[] = ['Cast', 'Identity', 'Squeeze', 'Unsqueeze', 'ExpandDims', 'Reshape', 'Flatten']

/** The ArgMax that a node repeats, if it does: `before` is the node that writes another one's first input. */
export const argmaxBehind = <Node>(
  node: Node | undefined,
  opOf: (node: Node) => string | undefined,
  before: (node: Node) => Node | undefined,
): Node | undefined => {
  const seen = new Set<Node>()
  for (let at = node; at !== undefined && !seen.has(at); at = before(at)) {
    if (opOf(at) === 'ArgMax') return at
    if (!passing.includes(opOf(at) ?? '')) return undefined
    seen.add(at)
  }
  return undefined
}

/** What to do about an ArgMax that is not at the end, or not over classes. */
export const atScores = 'cut the network at the scores that labels are taken of: labels have no mean'
