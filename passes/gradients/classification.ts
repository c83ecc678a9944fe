import { mapType, type NodeId, variantCount, vectorType } from '../../ir/index.ts'
import { type GradientRule, none, once, type Place, type Tools, term } from './tools.ts'

/** Of an example, or of each of its pixels. */
const sumOfClasses = (t: Tools, x: NodeId): NodeId => {
  const type = t.typeOf(x)
  return t.sumTo(x, type.kind === 'Map' ? mapType(type.h, type.w, 1) : vectorType(1))
}

/** Through a logarithmic softmax whose values are given. */
const throughLogSoftmax = (t: Tools, logs: NodeId, gradient: NodeId): NodeId =>
  t.binary('subtract', gradient, t.multiply(t.unary('exp', logs), sumOfClasses(t, gradient)))

const softmax: GradientRule<'Softmax'> = at => [
  term(() => {
    const g = at.wholeGradient()
    if (at.attributes.log) return throughLogSoftmax(at, at.result, g)
    return at.multiply(at.result, at.binary('subtract', g, sumOfClasses(at, at.multiply(g, at.result))))
  }),
]

const variantsOf = (t: Tools, x: NodeId): number => variantCount(t.draft.nodes[x].variants)

/** Every value of a stack, or the value itself. */
const values = (t: Tools, x: NodeId): readonly NodeId[] => {
  const count = variantsOf(t, x)
  return count === 1 ? [x] : Array.from({ length: count }, (_, index) => t.draft.add('Unstack', [x], { index, count }))
}

const stacked = (t: Tools, parts: readonly NodeId[]): NodeId =>
  parts.length === 1 ? parts[0] : t.draft.add('Stack', parts, {})

/** By operand, its part of a list with one entry a variant. */
const byOperand = <A>(at: Place<'Combine'>, list: readonly A[]): readonly (readonly A[])[] => {
  let end = 0
  return at.operands.map(operand => {
    const begin = end
    end += variantsOf(at, operand)
    return list.slice(begin, end)
  })
}

/** By operand, stacked as it is: the gradient as far as each variant counts. */
const weighed = (at: Place<'Combine'>): readonly (() => NodeId)[] => {
  const { multiplicity } = at.attributes
  const total = multiplicity.reduce((a, m) => a + m, 0)
  const scaled = new Map<number, NodeId>()
  const of = (m: number): NodeId => {
    const known = scaled.get(m) ?? at.affine(at.wholeGradient(), m / total)
    scaled.set(m, known)
    return known
  }
  return byOperand(at, multiplicity).map(own => () => stacked(at, own.map(of)))
}

/** The gradient of the largest, in equal parts for variants that are equally large. */
const ofLargest = (at: Place<'Combine'>, logs: readonly NodeId[]): readonly NodeId[] => {
  const each = logs.map(log => values(at, log))
  const all = each.flat()
  const largest = all.reduce((a, b) => at.binary('maximum', a, b))
  const hits = all.map(log => at.affine(at.unary('step', at.binary('subtract', largest, log)), -1, 1))
  const part = at.binary('divide', at.wholeGradient(), hits.reduce(at.add))
  return byOperand(
    at,
    hits.map(hit => at.multiply(hit, part)),
  ).map(own => stacked(at, own))
}

const combine: GradientRule<'Combine'> = at => {
  const { reduction } = at.attributes
  const scaled = weighed(at)
  if (reduction === 'geo') return scaled.map(term)
  const logsOf = at.operands.map(operand => once(() => at.draft.add('Softmax', [operand], { log: true })))
  if (reduction === 'max') {
    let all: readonly NodeId[] | undefined
    return at.operands.map((_, k) =>
      term(() => {
        const logs = logsOf.map(of => of())
        all ??= ofLargest(at, logs)
        return throughLogSoftmax(at, logs[k], all[k])
      }),
    )
  }
  return at.operands.map((operand, k) =>
    term(() => {
      const logs = logsOf[k]()
      const score = stacked(at, new Array<NodeId>(variantsOf(at, operand)).fill(at.result))
      const share = at.unary('exp', at.binary('subtract', logs, score))
      return throughLogSoftmax(at, logs, at.multiply(scaled[k](), share))
    }),
  )
}

const stack: GradientRule<'Stack'> = at => {
  const count = variantsOf(at, at.result)
  const { gradient } = at
  const shared = at.typeOf(gradient).kind === 'Shared'
  let end = 0
  return at.operands.map(operand => {
    const begin = end
    const own = variantsOf(at, operand)
    end += own
    return term(() => {
      if (shared || own === count) return gradient
      const parts = Array.from({ length: own }, (_, k) =>
        at.draft.add('Unstack', [gradient], { index: begin + k, count }),
      )
      return stacked(at, parts)
    })
  })
}

const unstack: GradientRule<'Unstack'> = at => {
  const { index, count } = at.attributes
  return [count === 1 ? term(() => at.gradient) : { of: () => at.gradient, index }]
}

/** What is not chosen has none; by the certainty the choice is a step. */
const select: GradientRule<'Select'> = at => {
  const [certain] = at.operands
  const zeros = once(() => at.whole(at.constant(0), at.result))
  const choose = (kept: NodeId, deeper: NodeId) => at.draft.add('Select', [certain, kept, deeper], at.attributes)
  return [none, term(() => choose(at.wholeGradient(), zeros())), term(() => choose(zeros(), at.wholeGradient()))]
}

export const classification = {
  Softmax: softmax,
  Combine: combine,
  Select: select,
  Stack: stack,
  Unstack: unstack,
}
