import * as t from 'io-ts'
import { Count, Real } from '../../ir/index.ts'

export const Whole = t.refinement(Count, n => n >= 0, 'a whole number from 0')
const Text = t.string

const Known = t.type(
  {
    network: Text,
    /** The plan as it is printed. */
    plan: Text,
    /** Any JSON: whoever resumes compares it. */
    recipe: t.unknown,
    seed: Whole,
    /** What tells the data from others: its classes, and a hash of its images' names and labels. */
    data: Text,
    /** The epoch that the next step belongs to, from 0. */
    epoch: Whole,
    /** Steps that this epoch has behind it. */
    step_in_epoch: Whole,
    /** Steps since the start. */
    steps: Whole,
    best: t.union([
      t.strict({ error_percent: Real, epoch: Whole, step: Whole }),
      /** Of a network that is no classifier, by a measure. */
      t.strict({ measure: Text, value: Real, epoch: Whole, step: Whole }),
      t.null,
    ]),
    /** Sums over the steps of the unfinished epoch; losses are weighed by their images. */
    running: t.strict({ loss: Real, correct: Whole, images: Whole }),
  },
  'Progress',
)

const Later = t.partial({
  /** What tells a teacher from others. */
  teacher: t.union([Text, t.undefined]),
  /** Of the last epoch that was closed: means over its batches, and how the network did after it on images that were held out. */
  last_epoch: t.type({
    loss: Real,
    /** Null of a network that is no classifier. */
    error_percent: t.union([Real, t.null]),
    validation: t.union([
      t.intersection([
        t.type({ images: Whole, error_percent: t.union([Real, t.null]) }),
        t.partial({ measures: t.record(Text, Real) }),
      ]),
      t.null,
    ]),
  }),
})

/** Where a training stands, and what it is a training of. */
export const Progress = t.exact(t.intersection([Known, Later]), 'Progress')
export type Progress = t.TypeOf<typeof Progress>
