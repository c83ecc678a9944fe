import { describe, expect, it } from 'vitest'
import { mapType, sharedType, type Type, vectorType } from '../../ir/index.ts'
import type { BatchReduction } from '../../ir/ops/reductions.ts'
import { apply, numbers, operand, typing } from './apply.ts'

const rows = operand(mapType(1, 2, 2), [1, 2, 3, 6, 5, 10, 7, 14])
const reduced = (to: Type, reduction: BatchReduction) => apply('ReduceTo', { to, reduction }, rows)

describe('ReduceTo', () => {
  it('to one number a channel goes over pixels and the batch', () => {
    expect(reduced(sharedType([2]), 'sum').shape).toEqual([2])
    expect(numbers(reduced(sharedType([2]), 'sum'))).toEqual([16, 32])
    expect(numbers(reduced(sharedType([2]), 'mean'))).toEqual([4, 8])
    // Distances from the mean: 3, 1, 1, 3 and twice these.
    expect(numbers(reduced(sharedType([2]), 'variance'))).toEqual([5, 20])
  })

  it('to one number goes over everything', () => {
    expect(reduced(sharedType([]), 'mean').shape).toEqual([])
    expect(numbers(reduced(sharedType([]), 'sum'))).toEqual([48])
    expect(numbers(reduced(sharedType([]), 'mean'))).toEqual([6])
    // Squares of 5, 4, 3, 0, 1, 4, 1, 8 have a mean of 132 / 8.
    expect(numbers(reduced(sharedType([]), 'variance'))).toEqual([16.5])
  })

  it('to a type of each example leaves the batch alone', () => {
    expect(reduced(mapType(1, 1, 2), 'sum').shape).toEqual([2, 1, 1, 2])
    expect(numbers(reduced(mapType(1, 1, 2), 'sum'))).toEqual([4, 8, 12, 24])
    expect(numbers(reduced(mapType(1, 1, 2), 'mean'))).toEqual([2, 4, 6, 12])
    expect(numbers(reduced(mapType(1, 1, 2), 'variance'))).toEqual([1, 4, 1, 4])
    expect(numbers(reduced(mapType(1, 2, 1), 'sum'))).toEqual([3, 9, 15, 21])
    expect(numbers(reduced(mapType(1, 2, 1), 'mean'))).toEqual([1.5, 4.5, 7.5, 10.5])
  })

  it('aligns axes at the last ones', () => {
    const x = operand(sharedType([3, 1, 2]), [1, 2, 3, 4, 5, 6])
    const to = (shape: readonly number[]) => numbers(apply('ReduceTo', { to: sharedType(shape), reduction: 'sum' }, x))
    expect(to([2])).toEqual([9, 12])
    expect(to([1, 1])).toEqual([21])
    expect(to([3, 1, 1])).toEqual([3, 7, 11])
    expect(to([3, 1, 2])).toEqual([1, 2, 3, 4, 5, 6])
  })

  it('types', () => {
    const to = (to: Type, from: Type) => typing('ReduceTo', { to, reduction: 'sum' }, from)
    expect(to(sharedType([3]), mapType(4, 5, 3))).toBe('Shared[3]')
    expect(to(sharedType([5, 1]), mapType(4, 5, 3))).toBe('Shared[5,1]')
    expect(to(sharedType([1, 4, 5, 3]), mapType(4, 5, 3))).toBeNull()
    expect(to(sharedType([5]), mapType(4, 5, 3))).toBeNull()
    expect(to(sharedType([4, 3]), mapType(4, 5, 3))).toBeNull()
    expect(to(mapType(1, 5, 1), mapType(4, 5, 3))).toBe('Map[1,5,1]')
    expect(to(vectorType(3), mapType(4, 5, 3))).toBeNull()
    expect(to(vectorType(3), sharedType([3]))).toBeNull()
    expect(to(vectorType(1), vectorType(3))).toBe('Vector[1]')
    expect(to(vectorType(2), vectorType(1))).toBeNull()
  })
})

describe('InverseCount', () => {
  it('is one by how many numbers a mean is over', () => {
    const count = (to: Type) => apply('InverseCount', { to }, rows)
    expect(count(sharedType([])).shape).toEqual([])
    expect(numbers(count(sharedType([])))).toEqual([1 / 8])
    expect(numbers(count(sharedType([2])))).toEqual([1 / 4])
    expect(numbers(count(sharedType([2, 1])))).toEqual([1 / 4])
    expect(numbers(count(sharedType([1, 2, 2])))).toEqual([1 / 2])
  })

  it('types', () => {
    expect(typing('InverseCount', { to: sharedType([3]) }, mapType(4, 5, 3))).toBe('Shared[]')
    expect(typing('InverseCount', { to: sharedType([2]) }, mapType(4, 5, 3))).toBeNull()
    expect(typing('InverseCount', { to: mapType(1, 1, 3) }, mapType(4, 5, 3))).toBeNull()
  })
})

describe('Stretch', () => {
  it('repeats shared numbers over the batch', () => {
    const like = operand(mapType(1, 2, 2), [0, 0, 0, 0, 0, 0, 0, 0])
    const channels = apply('Stretch', {}, operand(sharedType([2]), [3, 5]), like)
    expect(channels.shape).toEqual([2, 1, 2, 2])
    expect(numbers(channels)).toEqual([3, 5, 3, 5, 3, 5, 3, 5])
    expect(numbers(apply('Stretch', {}, operand(sharedType([2, 1]), [3, 5]), like))).toEqual([3, 3, 5, 5, 3, 3, 5, 5])
    expect(numbers(apply('Stretch', {}, operand(sharedType([]), [7]), like))).toEqual([7, 7, 7, 7, 7, 7, 7, 7])
  })

  it('repeats what each example has within it', () => {
    const like = operand(mapType(2, 1, 2), [0, 0, 0, 0, 0, 0, 0, 0])
    const own = operand(mapType(1, 1, 2), [1, 2, 3, 4])
    expect(numbers(apply('Stretch', {}, own, like))).toEqual([1, 2, 1, 2, 3, 4, 3, 4])
  })

  it('stretches shared to shared once', () => {
    const like = operand(sharedType([2, 3]), [0, 0, 0, 0, 0, 0])
    const result = apply('Stretch', {}, operand(sharedType([2, 1]), [4, 9]), like)
    expect(result.shape).toEqual([2, 3])
    expect(numbers(result)).toEqual([4, 4, 4, 9, 9, 9])
  })

  it('types', () => {
    expect(typing('Stretch', {}, sharedType([1, 3]), mapType(4, 5, 3))).toBe('Map[4,5,3]')
    expect(typing('Stretch', {}, mapType(4, 1, 3), mapType(4, 5, 3))).toBe('Map[4,5,3]')
    expect(typing('Stretch', {}, mapType(4, 5, 3), mapType(4, 1, 3))).toBeNull()
    expect(typing('Stretch', {}, mapType(1, 1, 3), sharedType([1, 1, 3]))).toBeNull()
  })
})
