import * as t from 'io-ts'
import { quoted } from './visible.ts'

/** A feature map of each example: height, width and channels, without the batch axis. */
export interface MapType {
  readonly kind: 'Map'
  readonly h: number
  readonly w: number
  readonly c: number
}

/** A vector of each example, without the batch axis. */
export interface VectorType {
  readonly kind: 'Vector'
  readonly c: number
}

/** One tensor for the whole batch: a parameter, a statistic, or an expression over them. */
export interface SharedType {
  readonly kind: 'Shared'
  readonly shape: readonly number[]
}

/** The type of a value: a map or a vector of an example, or a tensor that all examples share. */
export type Type = MapType | VectorType | SharedType

/** The type of a feature map: rows, columns, channels. */
export const mapType = (h: number, w: number, c: number): MapType => ({ kind: 'Map', h, w, c })
/** The type of a vector. */
export const vectorType = (c: number): VectorType => ({ kind: 'Vector', c })
/** The type of a tensor that all examples share. */
export const sharedType = (shape: readonly number[]): SharedType => ({ kind: 'Shared', shape })

/** The shape of one example's value, or of the shared tensor: a map is `[h, w, c]`. */
export const shapeOf = (type: Type): readonly number[] => {
  switch (type.kind) {
    case 'Map':
      return [type.h, type.w, type.c]
    case 'Vector':
      return [type.c]
    case 'Shared':
      return type.shape
  }
}

/** Whether each example has a value of its own. */
export const isPerExample = (type: Type): type is MapType | VectorType => type.kind !== 'Shared'

/** Whether two shapes are equal. */
export const sameShape = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((extent, axis) => extent === b[axis])

/** Whether two types are equal. */
export const sameType = (a: Type, b: Type): boolean => a.kind === b.kind && sameShape(shapeOf(a), shapeOf(b))

/** `Map[32,32,3]`, `Vector[100]`, `Shared[3,3,16,32]`. */
export const printType = (type: Type): string => `${type.kind}[${shapeOf(type).join(',')}]`

/** The most that a graph may ask for: beyond it sizes overflow the runtimes' 32-bit indices, and a small hostile file costs much. */
export const limits = {
  whole: 2 ** 31 - 1,
  elements: 2 ** 31 - 1,
  rank: 8,
  mapExtent: 2 ** 20,
  variants: 2 ** 20,
  variantAxes: 64,
} as const

/** What of a type is over the limits, or null. */
export const overLimits = (type: Type): string | null => {
  const shape = shapeOf(type)
  if (shape.length > limits.rank) return `at most ${limits.rank} axes`
  if (type.kind === 'Map' && Math.max(type.h, type.w) > limits.mapExtent)
    return `at most ${limits.mapExtent} rows and columns`
  return shape.reduce((n, extent) => n * extent, 1) > limits.elements ? `at most ${limits.elements} elements` : null
}

const positive = (u: unknown): u is number => Number.isInteger(u) && (u as number) > 0 && (u as number) <= limits.whole
/** The codec of an extent: a whole number from 1. */
export const Extent = new t.Type<number, number, unknown>(
  'a positive whole number of 31 bits',
  positive,
  (u, context) => (positive(u) ? t.success(u) : t.failure(u, context)),
  t.identity,
)

/** The codec of a type. */
export const Type: t.Type<Type> = t.union([
  t.strict({ kind: t.literal('Map'), h: Extent, w: Extent, c: Extent }),
  t.strict({ kind: t.literal('Vector'), c: Extent }),
  t.strict({ kind: t.literal('Shared'), shape: t.readonlyArray(Extent) }),
])

/** An axis that `Branch` adds: the variants of a value are the product of its axes, row-major in their order. */
export interface VariantAxis {
  readonly name: string
  readonly extent: number
}

/** The codec of an axis of variants. */
export const VariantAxis: t.Type<VariantAxis> = t.strict({ name: t.string, extent: Extent })

/** How many variants some axes have: the product of their extents. */
export const variantCount = (axes: readonly VariantAxis[]): number => axes.reduce((n, axis) => n * axis.extent, 1)

/** Whether two lists of axes are equal. */
export const sameVariants = (a: readonly VariantAxis[], b: readonly VariantAxis[]): boolean =>
  a.length === b.length && a.every((axis, k) => axis.name === b[k].name && axis.extent === b[k].extent)

/** A name as it stands if it is one word, otherwise in quotes with escapes. */
export const printName = (name: string): string => (/^[A-Za-z_][\w.-]*$/.test(name) ? name : quoted(name))

/** `Map[8,8,64] × a[2] × b[2]`: a type and the variant axes it comes in. */
export const printTyped = (type: Type, variants: readonly VariantAxis[]): string =>
  [printType(type), ...variants.map(({ name, extent }) => `${printName(name)}[${extent}]`)].join(' × ')

/** The position of variant `at` on each axis, by the axis' name. */
export const variantCoordinates = (at: number, axes: readonly VariantAxis[]): ReadonlyMap<string, number> => {
  const coordinates = new Map<string, number>()
  let rest = at
  for (let k = axes.length - 1; k >= 0; k--) {
    coordinates.set(axes[k].name, rest % axes[k].extent)
    rest = Math.floor(rest / axes[k].extent)
  }
  return coordinates
}
