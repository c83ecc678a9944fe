import { type Constant, constant, type Scalar } from './constant.ts'
import { ofEachImage } from './known-value.ts'
import { axisOf, type OnnxNode, type Unfolded, valuesOf } from './node.ts'
import { refuse } from './refuse.ts'
import { arrangedParameter, exampleType, type Translation } from './translation.ts'
import { dimsOf, extentOf, type Joined, printDims, type View, whole } from './view.ts'

export const extentAt = ({ axes }: View, axis: number): number => {
  const atoms = axes[axis]
  return atoms === 'n' ? refuse('unsupported-shape', 'examples side by side', 'parts of one example') : extentOf(atoms)
}

export const extentsOf = ({ axis, parts }: Joined): readonly number[] => parts.map(part => extentAt(part, axis))
export const total = (extents: readonly number[]): number => extents.reduce((a, b) => a + b, 0)
export const rankOf = ({ parts }: Joined): number => parts[0].axes.length

/** The whole value's extents. */
export const dimsOfJoined = (value: Joined, batch: Scalar): readonly Scalar[] =>
  dimsOf(value.parts[0], batch).map((d, axis) => (axis === value.axis ? total(extentsOf(value)) : d))

/** Tokens as a row of pixels: the same for every image. */
const tokensOf = (t: Translation, values: readonly Constant[], like: View, name: string): View => {
  const { c } = exampleType(t, like.node)
  const other = values.find(({ dims: [n, , channels], values }) => n !== 1 || channels !== c || values.length % c > 0)
  if (other !== undefined)
    return refuse('unsupported-shape', `${printDims(other.dims)} beside pixels of ${c} channels`, `[1, tokens, ${c}]`)
  const numbers = values.flatMap(value => Array.from(valuesOf(value)))
  const count = numbers.length / c
  const table = constant(values[0].name, [1, count, c], Float32Array.from(numbers), 'float')
  const node = ofEachImage(t, arrangedParameter(t, table, [1, count, c]), like.node, name)
  const type = exampleType(t, node)
  return { kind: 'view', node, axes: ['n', whole(type, 'w'), whole(type, 'c')] }
}

/** Whether an axis is both rows and columns of a map. */
const spreads = ({ axes }: View, axis: number): boolean => {
  const atoms = axes[axis]
  return atoms !== 'n' && (['h', 'w'] as const).every(of => atoms.some(atom => atom.of === of))
}

/** Pixels of a map `[n, h · w, c]` beside tokens, which are constants `[1, tokens, c]` or values of one pixel; null for what is joined otherwise. */
export const joinedWith = (node: OnnxNode, given: readonly (Unfolded | undefined)[], t: Translation): Joined | null => {
  if (node.op !== 'Concat') return null
  const like = given.find(value => value?.kind === 'view' && value.axes.length === 3)
  const values = given.filter(value => value !== undefined)
  if (like?.kind !== 'view' || axisOf(node.int('axis', 1), 3) !== 1 || values.length < Math.max(2, given.length))
    return null
  if (!values.some(value => value.kind === 'joined' || (value.kind === 'view' && spreads(value, 1)))) return null
  const parts: View[] = []
  let tokens: Constant[] = []
  /** Constants in a row are one part. */
  const close = (): void => {
    if (tokens.length > 0) parts.push(tokensOf(t, tokens, like, node.name))
    tokens = []
  }
  for (const value of values) {
    if (value.kind === 'constant') tokens.push(value)
    else {
      close()
      parts.push(...(value.kind === 'view' ? [value] : value.parts))
    }
  }
  close()
  return { kind: 'joined', axis: 1, parts }
}
