import { type Padding, type Pair, shapeOf } from '../../ir/index.ts'
import { any, derive, expansion, make, node, op, type Rule, rule, type Template } from '../rule.ts'
import { cropOf, growthOf, underPads } from './expansion.ts'
import { gapRules } from './legal-gaps.ts'
import { poolRules } from './legal-pools.ts'
import { windowRules } from './legal-windows.ts'

/** The j-th of equal runs along an axis. */
const runOf = (value: Template, axis: number, extent: number, groups: number, group: number): Template =>
  node('Slice', { axis, begin: (group * extent) / groups, size: extent / groups }, value)

const eachGroup = (groups: number, axis: number, of: (group: number) => Template): Template =>
  node('Concat', { axis }, ...Array.from({ length: groups }, (_, group) => of(group)))

const several = { text: 'there are several groups', from: ({ groups }: { readonly groups: number }) => groups > 1 }

/** Gradients of convolutions group by group, on runs of channels. */
const groupRules: readonly Rule<'both'>[] = [
  rule({
    name: 'part-groups-of-conv2d-transpose',
    precision: 'exact',
    mode: 'both',
    lhs: op('Conv2dTranspose', 'conv', any('g'), any('w')),
    rhs: ({ g, w, conv }) =>
      expansion(
        derive('Concat over groups(Conv2dTranspose(run of g, run of w; conv))', [conv, w.type], (own, filter) => {
          const [, , , outputs] = shapeOf(filter)
          const run = (value: Template, axis: number, group: number): Template =>
            runOf(value, axis, outputs, own.groups, group)
          return eachGroup(own.groups, 2, group =>
            node('Conv2dTranspose', { ...own, groups: 1 }, run(g, 2, group), run(w, 3, group)),
          )
        }),
      ),
    when: ({ conv }) => derive(several.text, [conv], several.from),
  }),
  rule({
    name: 'part-groups-of-conv2d-filter-gradient',
    precision: 'exact',
    mode: 'both',
    lhs: op('Conv2dFilterGradient', 'conv', any('x'), any('g')),
    rhs: ({ x, g, conv }) =>
      expansion(
        derive(
          'Concat over groups(Conv2dFilterGradient(run of x, run of g; conv))',
          [conv, x.type, g.type],
          (own, map, gradient) => {
            const [inputs, outputs] = [map, gradient].map(type => shapeOf(type)[2])
            const run = (value: Template, extent: number, group: number): Template =>
              runOf(value, 2, extent, own.groups, group)
            return eachGroup(own.groups, 3, group =>
              node('Conv2dFilterGradient', { ...own, groups: 1 }, run(x, inputs, group), run(g, outputs, group)),
            )
          },
        ),
      ),
    when: ({ conv }) => derive(several.text, [conv], several.from),
  }),
]

const clamp = (distance: number, extent: number): number => Math.min(Math.max(distance, -extent), extent)

/** Pads alone move maps about, and each either cuts off or adds. */
const padRules: readonly Rule<'both'>[] = [
  rule({
    name: 'shift-by-pads',
    precision: 'exact',
    mode: 'both',
    lhs: op('Shift', 'd', any('x')),
    rhs: ({ x, d }) =>
      expansion(
        derive('Pad(x; ∓d)', [d, x.type], ({ dy, dx }, type) => {
          const [h, w] = shapeOf(type)
          const along = (distance: number, extent: number): Pair => {
            const by = clamp(distance, extent)
            return [0 - by, 0 + by]
          }
          return underPads(x, [h, w], [along(dy, h), along(dx, w)])
        }),
      ),
  }),
  rule({
    name: 'crop-then-pad',
    precision: 'exact',
    mode: 'both',
    lhs: op('Pad', 'p', any('x')),
    rhs: ({ x, p }) => {
      const part = (text: string, of: (pads: Padding) => Padding) =>
        derive(text, [p], ({ padding, channels, value }) => ({
          padding: of(padding),
          channels: of([channels, channels])[0],
          value,
        }))
      return make('Pad', part('p⁺', growthOf), make('Pad', part('p⁻', cropOf), x))
    },
    when: ({ p }) =>
      derive('p both cuts off and adds', [p], ({ padding, channels }) => {
        const all = [...padding, channels].flat()
        return Math.min(...all) < 0 && Math.max(...all) > 0
      }),
  }),
]

/** What targets lack or have each in another way, in forms that all of them have. */
export const legalRules: readonly Rule<'both'>[] = [
  ...padRules,
  ...gapRules,
  ...windowRules,
  ...poolRules,
  ...groupRules,
]
