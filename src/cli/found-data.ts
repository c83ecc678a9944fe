import type { DataSet } from '../data/index.ts'

/** The keys of what was found, in JSON. */
export const foundKeys = ({ count, classCount, notes = [] }: Pick<DataSet, 'count' | 'classCount' | 'notes'>) => ({
  found: { images: count, ...(classCount === undefined ? {} : { classes: classCount }), notes },
})
