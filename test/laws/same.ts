import type { AttributesOf, OpTag } from '../../ir/index.ts'
import { type Computed, computed } from '../../passes/index.ts'

/** Attributes taken over as they were matched under a name. */
export const same = <T extends OpTag>(tag: T, name: string): Computed<AttributesOf<T>> =>
  computed(name, match => match.attributes(tag, name))

/** Attributes of which only the text matters. */
export const written = (text: string): Computed<never> => computed(text, () => ({}) as never)
