import { type Names, renameNodes } from './names.ts'
import { refuse } from './refuse.ts'
import type { AttributeProto, FunctionProto, GraphProto, ModelProto, NodeProto, OperatorSetId } from './schema.ts'
import { signatureOf } from './signatures.ts'

/** The calls of a call of a call, and so on. */
const depthAtMost = 64
export const nodesAtMost = 1 << 17

const isStandard = (domain: string): boolean => domain === '' || domain === 'ai.onnx'

/** `Relu` of the standard, `com.example.Relu` of another domain: no rule is for both. */
export const qualified = (op: string, domain = ''): string => (isStandard(domain) ? op : `${domain}.${op}`)

const keyOf = ({ name = '', domain, overload = '' }: FunctionProto): string => `${qualified(name, domain)}:${overload}`

export const opsetOf = (imports: readonly OperatorSetId[]): number | undefined => {
  const versions = new Set(imports.filter(({ domain = '' }) => isStandard(domain)).map(({ version = 0 }) => version))
  return versions.size > 1
    ? refuse('unsupported-version', `opsets ${[...versions].join(' and ')}`, 'one version of the standard operators')
    : [...versions][0]
}

/** The attributes of a node in a function, those of the call in the place of references to them. */
const bound = (
  attributes: readonly AttributeProto[],
  given: ReadonlyMap<string, AttributeProto>,
): readonly AttributeProto[] =>
  attributes.flatMap((attribute): readonly AttributeProto[] => {
    const { ref_attr_name: reference = '', name, g } = attribute
    if (reference !== '') {
      const value = given.get(reference)
      return value === undefined ? [] : [{ ...value, name: name ?? value.name }]
    }
    return g === undefined ? [attribute] : [{ ...attribute, g: { ...g, node: bindNodes(g.node, given) } }]
  })

const bindNodes = (nodes: readonly NodeProto[], given: ReadonlyMap<string, AttributeProto>): readonly NodeProto[] =>
  nodes.map(node => ({ ...node, attribute: bound(node.attribute, given) }))

/** What stands in the place of a call: the function's nodes on the call's values, other values under new names. */
const bodyOf = (call: NodeProto, body: FunctionProto, names: Names): readonly NodeProto[] => {
  if (call.input.length > body.input.length || call.output.length > body.output.length)
    return refuse(
      'malformed-file',
      `a call of ${call.op_type} with ${call.input.length} inputs and ${call.output.length} outputs`,
      `at most ${body.input.length} and ${body.output.length}`,
    )
  const known = new Map<string, string>([['', '']])
  body.input.forEach((name, k) => {
    known.set(name, call.input[k] ?? '')
  })
  // An output that is an input, or another output, is a copy of it.
  const copies: NodeProto[] = []
  body.output.forEach((name, k) => {
    const wanted = call.output[k] ?? ''
    if (wanted === '') return
    if (!known.has(name)) known.set(name, wanted)
    else copies.push({ op_type: 'Identity', input: [known.get(name) as string], output: [wanted], attribute: [] })
  })
  const rename = (name: string): string => {
    const to = known.get(name) ?? names.fresh(name)
    known.set(name, to)
    return to
  }
  const attributes = new Map(
    [...body.attribute_proto, ...call.attribute].map(attribute => [attribute.name ?? '', attribute]),
  )
  return [...renameNodes(bindNodes(body.node, attributes), rename), ...copies]
}

/** The graph with the nodes of local functions in the place of their calls, and every op under its domain. */
export const withoutFunctions = (model: ModelProto, graph: GraphProto, opset: number, names: Names): GraphProto => {
  const functions = new Map<string, FunctionProto>()
  for (const body of model.functions) {
    if (functions.has(keyOf(body))) refuse('malformed-file', `two functions ${keyOf(body)}`, 'one of a name')
    functions.set(keyOf(body), body)
  }
  const domains = new Set(model.opset_import.map(({ domain = '' }) => domain))
  let count = 0

  const functionOf = ({ op_type = '', domain, overload = '' }: NodeProto): FunctionProto | undefined =>
    isStandard(domain ?? '') && signatureOf(op_type, opset) !== undefined
      ? undefined
      : functions.get(`${qualified(op_type, domain)}:${overload}`)

  const expanded = (nodes: readonly NodeProto[], depth: number): readonly NodeProto[] => {
    const out: NodeProto[] = []
    for (const node of nodes) {
      if (++count > nodesAtMost) refuse('too-large', `over ${nodesAtMost} nodes`, 'fewer')
      const body = functionOf(node)
      if (body !== undefined) {
        const version = opsetOf(body.opset_import)
        if (depth === 0 && !isStandard(node.domain ?? '') && !domains.has(node.domain ?? ''))
          refuse('malformed-file', `a call of ${keyOf(body)}`, 'a version of its domain in the file')
        if (depth >= depthAtMost) refuse('malformed-file', `calls ${depth} deep`, 'functions that end')
        if (version !== undefined && version !== opset)
          refuse('unsupported-version', `the function ${keyOf(body)} of opset ${version}`, `the model's, ${opset}`)
        for (const inner of expanded(bodyOf(node, body, names), depth + 1)) out.push(inner)
        continue
      }
      out.push({
        ...node,
        op_type: qualified(node.op_type ?? '', node.domain),
        attribute: node.attribute.map(attribute =>
          attribute.g === undefined ? attribute : { ...attribute, g: withNodes(attribute.g, depth) },
        ),
      })
    }
    return out
  }
  const withNodes = (inside: GraphProto, depth: number): GraphProto => ({
    ...inside,
    node: expanded(inside.node, depth),
  })
  return withNodes(graph, 0)
}
