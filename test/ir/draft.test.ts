import { either as E } from 'fp-ts'
import { describe, expect, test } from 'vitest'
import {
  type AttributesOf,
  addLike,
  alignAxes,
  builder,
  draft,
  EspalierError,
  inferNode,
  limits,
  mapType,
  type OpTag,
  sharedType,
  type Type,
  type VariantAxis,
  variantsOf,
  vectorType,
} from '../../ir/index.ts'

const axis = (name: string, extent: number): VariantAxis => ({ name, extent })

/** The variant axes of a result, or what was seen and expected. */
const inferred = <T extends OpTag>(
  tag: T,
  attributes: AttributesOf<T>,
  ...operands: readonly (readonly [Type, readonly VariantAxis[]])[]
): string => {
  const result = inferNode(
    tag,
    attributes as AttributesOf<OpTag>,
    operands.map(([type, variants]) => ({ type, variants })),
  )
  return E.isLeft(result)
    ? `${result.left.seen}; ${result.left.expected}`
    : result.right.variants.map(({ name, extent }) => `${name}${extent}`).join()
}

describe('variant axes', () => {
  test('of operands, each once, in order of first appearance', () => {
    expect(alignAxes([[], []])).toEqual(E.right([]))
    expect(alignAxes([[axis('a', 2)], [axis('b', 3), axis('a', 2)]])).toEqual(E.right([axis('a', 2), axis('b', 3)]))
    expect(alignAxes([[axis('a', 2)], [axis('a', 3)]])).toEqual(
      E.left({ seen: 'variant axis a of extents 2 and 3', expected: 'one extent for an axis' }),
    )
  })

  test('are at most so many', () => {
    const named = (n: number, extent: number) => Array.from({ length: n }, (_, k) => axis(`a${k}`, extent))
    expect(E.isRight(alignAxes([named(limits.variantAxes, 1)]))).toBe(true)
    expect(alignAxes([named(limits.variantAxes + 1, 1)])).toEqual(
      E.left({ seen: '1 variants along 65 axes', expected: 'at most 1048576 along 64' }),
    )
    expect(E.isRight(alignAxes([named(20, 2)]))).toBe(true)
    expect(E.isLeft(alignAxes([[...named(20, 2), axis('b', 2)]]))).toBe(true)
  })
})

describe('an op on operands', () => {
  const map = mapType(2, 2, 1)
  const two = { reduction: 'max', multiplicity: [1, 1] } as const

  test('has as many as it declares', () => {
    expect(inferred('Input', { name: 'x', type: map }, [map, []])).toBe('1 operands; none')
    expect(inferred('Dense', {})).toBe('0 operands; input, weights')
    expect(inferred('Stack', {})).toBe('0 operands; values, …')
  })

  test('is not too large', () => {
    const wide = vectorType(2 ** 30)
    expect(inferred('Concat', { axis: 0 }, [wide, []], [wide, []])).toBe(
      'a result Vector[2147483648]; at most 2147483647 elements',
    )
  })

  test('has variants: those of its operands, one more axis, or none', () => {
    const flip = [{ kind: 'd4', element: 'flip' }] as const
    expect(inferred('Binary', { fn: 'add' }, [map, [axis('a', 2)]], [map, [axis('b', 3)]])).toBe('a2,b3')
    expect(inferred('Binary', { fn: 'add' }, [sharedType([1]), [axis('a', 2)]], [sharedType([1]), []])).toBe('')
    expect(inferred('Branch', { axis: 'b', transforms: flip }, [map, [axis('a', 2)]])).toBe('a2,b1')
    expect(inferred('Branch', { axis: 'a', transforms: flip }, [map, [axis('a', 2)]])).toBe(
      'a branch on variant axis a under another of that name; a new axis',
    )
    expect(inferred('Reduce', { reduction: 'max' }, [vectorType(2), [axis('a', 2)]])).toBe('')
  })

  test('counts a stack', () => {
    const v = vectorType(2)
    expect(inferred('Stack', {}, [v, []])).toBe('')
    expect(inferred('Stack', {}, [v, []], [v, [axis('stack', 2)]])).toBe('stack3')
    expect(inferred('Unstack', { index: 1, count: 2 }, [v, [axis('stack', 2)]])).toBe('')
    expect(inferred('Unstack', { index: 1, count: 3 }, [v, [axis('stack', 2)]])).toBe('a stack of 2; a stack of 3')
    expect(inferred('Combine', two, [v, [axis('stack', 2)]])).toBe('')
    expect(inferred('Combine', two, [v, [axis('stack', 2)]], [v, []])).toBe('2 multiplicities for 3 variants; one each')
  })
})

describe('a draft', () => {
  test('refuses what does not type, and says where', () => {
    const d = draft('flat')
    const x = d.add('Input', [], { name: 'x', type: vectorType(2) })
    const refused = (add: () => unknown) => {
      try {
        add()
      } catch (error) {
        return error instanceof EspalierError ? error.problems[0] : error
      }
      return null
    }
    expect(refused(() => d.add('GlobalPool', [x], { reduction: 'mean' }, 'g'))).toMatchObject({
      tag: 'type-mismatch',
      where: 'GlobalPool %1 (g)',
    })
    expect(refused(() => d.add('Unary', [7], { fn: 'relu', alpha: 0, beta: 0 }))).toMatchObject({
      seen: 'operand %7',
      expected: 'an earlier node than %1',
    })
    expect(d.nodes).toHaveLength(1)
  })

  test('adds a node like another', () => {
    const b = builder()
    const x = b.input('x', vectorType(2))
    const y = b.relu(b.softmax(x), 'y')
    expect(b.draft.nodes[addLike(b.draft, b.draft.nodes[y], [x])]).toEqual({ ...b.draft.nodes[y], operands: [x] })
  })

  test('finishes a graph that later nodes do not change', () => {
    const b = builder('branched')
    const x = b.branch(b.input('x', mapType(2, 2, 1)), 'a', [
      { kind: 'd4', element: 'id' },
      { kind: 'd4', element: 'flip' },
    ])
    const graph = b.finish({ x })
    b.flatten(x)
    expect(graph.nodes).toHaveLength(2)
    expect(graph.nodes.map(variantsOf)).toEqual([1, 2])
  })
})
