import { orThrow } from '../base/error.ts'
import { counted } from '../base/format.ts'
import { type Cut, type DataSet, type OpenDataOptions, openData } from '../data/index.ts'
import {
  fitLabelled,
  fitLabels,
  fitLabelsThatFit,
  type Named,
  preprocessFor,
  withoutLabels,
} from '../network/fit-data.ts'
import {
  fitNeededTargets,
  fitTargets,
  learnsFromItself,
  type Measured,
  withClassTargets,
} from '../network/fit-targets.ts'
import type { Meaning } from '../network/meaning.ts'
import { isClassifier, outputsOf } from '../network/network.ts'

/** Told what was found and what was taken for granted, a line each. */
export type Note = (line: string) => void

/** Images as a network takes them, with labels that are its classes' numbers. */
export interface Images {
  readonly data: DataSet
  /** How they become its input. */
  readonly preprocess: Cut
  /** A name for each class, where the network or the data knows them. */
  readonly classes?: readonly string[] | undefined
  /** The output that is held against what the images have beside a class. */
  readonly measured?: Measured | undefined
}

/** The images at their own heights and widths. */
export const asTheyAre = (images: Images): Images => ({ ...images, preprocess: { ...images.preprocess, own: true } })

/** What of a data set's classes is known. */
const classesOf = ({ labelled, classCount, labelsBelow }: DataSet): string => {
  if (!labelled) return ' without labels'
  if (classCount !== undefined) return ` of ${counted(classCount, 'class', 'classes')}`
  return labelsBelow === undefined ? '' : ` with labels from 0 to ${labelsBelow - 1}`
}

/** Opens what a reference names and says what was found there. @throws EspalierError */
export const openFound = async (reference: string, options: OpenDataOptions, note: Note): Promise<DataSet> => {
  const data = orThrow(await openData(reference, options))
  note(`Data: ${data.name}, ${counted(data.count, 'image')}${classesOf(data)}.`)
  for (const line of data.notes ?? []) note(line)
  return data
}

export interface FitOptions {
  /**
   * Whether images must have labels, or what other answers than classes are held against (`measured`), or whichever of both the network is trained by (`learned`), or
   * theirs are not looked at, at all or where they do not fit.
   * Default: those that they have must fit.
   */
  readonly labels?: 'needed' | 'measured' | 'learned' | 'unread' | 'if-they-fit' | undefined
  /** What the data is called in problems. Default `--data` and its name. */
  readonly where?: string | undefined
  readonly note?: Note | undefined
}

const fittedBy = {
  needed: fitLabelled,
  measured: fitLabelled,
  learned: fitLabelled,
  'if-they-fit': fitLabelsThatFit,
  fitting: fitLabels,
} as const

/** A data set for answers that are no one class, and what of them is measured. */
const fitAnswers = (
  network: Named,
  { classes, preprocess }: Meaning,
  found: DataSet,
  { labels, where = '', note = () => {} }: FitOptions,
): Images => {
  const must = labels === 'measured' || labels === 'learned'
  const held = labels === undefined || must || (labels === 'if-they-fit' && found.targets !== undefined)
  const compared = held && found.labelled && outputsOf(network).some(({ kind }) => kind === 'embedding')
  if (found.labelled && !compared) note('Labels are for networks of classes: those of the images are not looked at.')
  const data = compared ? withClassTargets(found) : withoutLabels(found)
  const hint = labels === 'learned' ? learnsFromItself : undefined
  const measured = must
    ? fitNeededTargets(network, data, where, hint)
    : held
      ? fitTargets(network, data, where)
      : undefined
  const read = measured === undefined ? { ...data, targets: undefined } : data
  return { data: read, preprocess: preprocessFor(network, data, preprocess, where), classes, measured }
}

/** A data set as a network takes it. @throws EspalierError where its labels or its images are not the network's */
export const fitImages = (
  network: Named,
  { classes, preprocess }: Meaning,
  found: DataSet,
  { labels, where = `--data ${found.name}`, note = () => {} }: FitOptions = {},
): Images => {
  if (labels !== 'needed' && (found.targets !== undefined || !isClassifier(network)))
    return fitAnswers(network, { classes, preprocess }, found, { labels, where, note })
  const data = labels === 'unread' ? found : fittedBy[labels ?? 'fitting'](network, found, classes, where)
  if (found.labelled && !data.labelled) note('The labels of the images are not the network’s classes: not looked at.')
  for (const line of (data.notes ?? []).slice(found.notes?.length ?? 0)) note(line)
  return { data, preprocess: preprocessFor(network, data, preprocess, where), classes: classes ?? data.classes }
}
