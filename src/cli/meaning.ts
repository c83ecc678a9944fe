import type { Meaning } from '../compiled-folder.ts'
import { readClassNames, readPreprocess } from '../data/index.ts'
import { orThrow, orThrowAsync } from '../error.ts'

/** What the flags say of images and answers, over what the network's own manifest says. */
export const readMeaning = async (
  flags: { readonly preprocess?: string; readonly classes?: string },
  own: Meaning,
): Promise<Meaning> => ({
  ...own,
  ...(flags.preprocess === undefined ? {} : { preprocess: await orThrowAsync(readPreprocess(flags.preprocess)) }),
  ...(flags.classes === undefined ? {} : { classes: orThrow(await readClassNames(flags.classes)) }),
})
