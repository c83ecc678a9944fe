import { elementwiseFolds } from './elementwise.ts'
import type { Fold } from './fold.ts'
import { indexingFolds } from './indexing.ts'
import { productFolds } from './products.ts'
import { reductionFolds } from './reductions.ts'
import { resizeFolds } from './resize.ts'
import { shapeFolds } from './shape.ts'

/** What each op gives for constants. */
export const folds: Readonly<Record<string, Fold>> = {
  ...shapeFolds,
  ...indexingFolds,
  ...elementwiseFolds,
  ...reductionFolds,
  ...productFolds,
  ...resizeFolds,
}
