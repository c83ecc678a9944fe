import { type GradientRule, refused, term } from './tools.ts'

const attention: GradientRule<'Attention'> = at =>
  at.operands.map((_, operand) =>
    term(() => at.draft.add('AttentionGradient', [at.wholeGradient(), ...at.operands], { ...at.attributes, operand })),
  )

const windowAttention: GradientRule<'WindowAttention'> = at =>
  at.operands.map((_, operand) =>
    term(() =>
      at.draft.add('WindowAttentionGradient', [at.wholeGradient(), ...at.operands], { ...at.attributes, operand }),
    ),
  )

const attentionGradient: GradientRule<'AttentionGradient'> = at => at.operands.map(() => refused)
const windowAttentionGradient: GradientRule<'WindowAttentionGradient'> = at => at.operands.map(() => refused)

export const attentions = {
  Attention: attention,
  WindowAttention: windowAttention,
  AttentionGradient: attentionGradient,
  WindowAttentionGradient: windowAttentionGradient,
}
