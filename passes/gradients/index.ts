import type { OpTag, TagAt } from '../../ir/index.ts'
import { attentions } from './attention.ts'
import { classification } from './classification.ts'
import { pointwise } from './pointwise.ts'
import { pooling } from './pooling.ts'
import { products } from './products.ts'
import { reductions } from './reductions.ts'
import { shape } from './shape.ts'
import type { GradientRule } from './tools.ts'

/** For each op of flat and stacked graphs that is computed what it passes on of the gradient of a loss (its vector-Jacobian product), in ops. */
export const gradients: {
  readonly [T in Exclude<
    OpTag,
    TagAt<'inference'> | 'Input' | 'Parameter' | 'Constant' | 'Branch' | 'Undo' | 'Reduce'
  >]: GradientRule<T>
} = { ...products, ...pointwise, ...pooling, ...shape, ...classification, ...attentions, ...reductions }
