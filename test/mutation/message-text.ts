/** What of a syntax tree's node is read here. */
interface Syntax {
  readonly type: string
  readonly value?: unknown
  readonly callee?: { readonly name?: string }
  readonly key?: { readonly name?: string }
}

interface Path {
  readonly node: Syntax
  readonly parentPath: Path | null
}

const takers = /^(mismatch|problem|refuse|Error|argumentProblem|checkArgument|checkGraph|demand\w*)$/
const fields = /^(seen|expected|hint|where|law)$/

const standsInMessage = ({ node, parentPath }: Path): boolean => {
  const { callee, key } = node
  if (/^(Call|New)Expression$/.test(node.type) && takers.test(callee?.name ?? '')) return true
  if (node.type === 'ObjectProperty' && fields.test(key?.name ?? '')) return true
  return parentPath !== null && standsInMessage(parentPath)
}

/** Leaves out the words of problems: tests pin what is reported and where, not how it is worded. */
export const messageText = {
  shouldIgnore: (path: object): string | undefined => {
    const { node, parentPath } = path as Path
    const words = node.type === 'StringLiteral' && /\w \S/.test(String(node.value))
    return (words || node.type === 'TemplateLiteral') && parentPath !== null && standsInMessage(parentPath)
      ? 'the words of a message'
      : undefined
  },
}
