import { orThrow } from '../base/error.ts'
import { counted } from '../base/format.ts'
import { type DataSet, type OpenDataOptions, openData } from '../data/index.ts'
import type { Output } from './output.ts'

/** What of a data set's classes is known. */
const classesOf = ({ labelled, classCount, labelsBelow }: DataSet): string => {
  if (!labelled) return ' without labels'
  if (classCount !== undefined) return ` of ${counted(classCount, 'class', 'classes')}`
  return labelsBelow === undefined ? '' : ` with labels from 0 to ${labelsBelow - 1}`
}

/** Opens what `--data` names and says what was found there. @throws EspalierError */
export const openFound = async (reference: string, options: OpenDataOptions, out: Output): Promise<DataSet> => {
  const data = orThrow(await openData(reference, options))
  out.note(`Data: ${data.name}, ${counted(data.count, 'image')}${classesOf(data)}.`)
  for (const note of data.notes ?? []) out.note(note)
  return data
}

/** What a data set became for a network, and what is to say of that. */
export const sayFitted = (before: DataSet, fitted: DataSet, out: Output): DataSet => {
  for (const note of (fitted.notes ?? []).slice(before.notes?.length ?? 0)) out.note(note)
  return fitted
}

/** The keys of what was found, in JSON. */
export const foundKeys = ({ count, classCount, notes = [] }: DataSet) => ({
  found: { images: count, ...(classCount === undefined ? {} : { classes: classCount }), notes },
})
