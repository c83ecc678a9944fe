import { basename } from 'node:path'
import { signed } from '../../base/format.ts'
import type { Section } from './section.ts'
import { type Answer, classNamed, type Image, type Turned, type ViewsFindings } from './views-findings.ts'

/** PNGs by the index of the image, of the first so many of each list. */
export interface Thumbnails {
  readonly count: number
  readonly of: ReadonlyMap<number, Uint8Array>
}

const answered = ({ predicted, class: name }: { readonly predicted: number; readonly class?: string }): string =>
  classNamed(predicted, name)
const margin = ({ margin }: Answer): string => signed(margin)
const both = (a: Answer, b: Answer): string => `margin ${margin(a)} → ${margin(b)}`

const gallery = (
  heading: string,
  text: string,
  images: readonly (Image & { readonly lines: readonly string[] })[],
  thumbnails: Thumbnails,
  total = images.length,
): readonly Section[] => {
  const shown = images.slice(0, thumbnails.count).flatMap(({ index, file, label, label_class, lines }) => {
    const png = thumbnails.of.get(index)
    return png === undefined ? [] : [{ png, name: classNamed(label, label_class), lines: [...lines, basename(file)] }]
  })
  if (shown.length === 0) return []
  const count =
    shown.length < total ? ` Here are the ${shown.length} clearest of ${total.toLocaleString('en-US')}.` : ''
  return [{ kind: 'gallery', heading, text: `${text}${count}`, images: shown }]
}

/** Images that a plan turned, with what became of them. */
export const turnedGallery = (
  heading: string,
  text: string,
  turned: readonly Turned[],
  thumbnails: Thumbnails,
): readonly Section[] =>
  gallery(
    heading,
    text,
    turned.map(each => ({
      ...each,
      lines: [`${answered(each.vanilla)} → ${answered(each.plan)}`, both(each.vanilla, each.plan)],
    })),
    thumbnails,
  )

/** Images that variants disagree on most, with their answers. */
export const disputedGallery = (
  { disputed, disputed_images, images }: ViewsFindings,
  thumbnails: Thumbnails,
): readonly Section[] =>
  gallery(
    'The most disputed images',
    `Variants answer ${disputed_images.toLocaleString('en-US')} of ${images.toLocaleString('en-US')} images differently. What counts here is how far apart their probabilities are.`,
    disputed.map(each => ({
      ...each,
      lines: [
        ...[...new Set(each.answers.map(answered))].map(
          answer =>
            `${answer}: ${each.answers.filter(other => answered(other) === answer).length} of ${each.answers.length}`,
        ),
        `the plan: ${answered(each.plan)}`,
      ],
    })),
    thumbnails,
    disputed_images,
  )
