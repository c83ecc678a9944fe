/** A mistake of several words in a source file, which no mutator makes. */
export interface Planted {
  readonly mistake: string
  readonly file: string
  readonly original: string
  readonly replacement: string
}

/** What is easily got wrong in the laws. */
export const plantedMistakes: readonly Planted[] = [
  {
    mistake: 'mirrored pads are swapped',
    file: 'ir/ops/window.ts',
    original: '[(outputs - 1) * stride + dilated(size, dilation) - extent - pads[0], pads[0]]',
    replacement: '[pads[1], pads[0]]',
  },
  {
    mistake: 'pads do not grow in ceil mode',
    file: 'ir/ops/window.ts',
    original: 'w.ceil ? [w.padding[axis][0], mirrored[0]] : w.padding[axis]',
    replacement: 'w.padding[axis]',
  },
  {
    mistake: 'the ceil-mode condition of mean pools is dropped',
    file: 'ir/ops/pooling.ts',
    original: '!countPadding || !ceil',
    replacement: 'true',
  },
  {
    mistake: "a shortcut's flip is forgotten",
    file: 'passes/rules/sink.ts',
    original: "reduceElement(element, alignedExtents(ofX, ofY, axes)) === 'id'",
    replacement: 'true',
  },
  {
    mistake: 'equal variants are merged without their multiplicity',
    file: 'passes/rules/merge.ts',
    original: '(counts.get(x) ?? 0) + multiplicity[k]',
    replacement: '1',
  },
]

/** The source with the mistake in it. */
export const plant = ({ file, original, replacement }: Planted, sources: ReadonlyMap<string, string>): string => {
  const text = sources.get(file) ?? ''
  if (!text.includes(original)) throw new Error(`${file} has no ${original} any more`)
  return text.replaceAll(original, replacement)
}
