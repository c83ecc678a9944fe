import type { Pattern, Rule, Template } from './rule.ts'

const printPattern = (p: Pattern): string => {
  if (p.kind === 'any') return p.name
  if ('each' in p.operands) return `${p.tag}(${printPattern(p.operands.each)}, …; ${p.name})`
  const operands = p.operands.map(printPattern)
  return p.tag === 'Act' ? `${p.name}·${operands[0]}` : `${p.tag}(${operands.join(', ')}; ${p.name})`
}

const printTemplate = (t: Template): string => {
  if (t.kind === 'ref') return t.name
  if (t.kind === 'expansion') return t.template.text
  const operands = 'text' in t.operands ? [t.operands.text] : t.operands.map(printTemplate)
  return t.tag === 'Act'
    ? `${t.attributes.text}·${operands[0]}`
    : `${t.tag}(${operands.join(', ')}${t.attributes.text === '' ? '' : `; ${t.attributes.text}`})`
}

/** The rule as a law: `Conv2d(g·x, w; conv) = g·Conv2d(x, g⁻¹·w; g⁻¹·conv)`, then its side condition. */
export const printLaw = (rule: Rule): string =>
  `${printPattern(rule.lhs)} = ${printTemplate(rule.rhs)}${rule.when === undefined ? '' : `  when ${rule.when.text}`}`
