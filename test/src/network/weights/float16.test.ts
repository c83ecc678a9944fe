import { describe, expect, it } from 'vitest'
import { orThrow } from '../../../../src/base/error.ts'
import { narrowFloat16, widenFloat16 } from '../../../../src/network/weights/float16.ts'
import { decodeSafetensors, encodeSafetensors } from '../../../../src/network/weights/safetensors.ts'

const allBits = Uint16Array.from({ length: 2 ** 16 }, (_, bits) => bits)
const isNumber = (bits: number): boolean => (bits & 0x7c00) !== 0x7c00 || (bits & 0x3ff) === 0

describe('narrowFloat16', () => {
  it('gives back every binary16 value', () => {
    const bits = allBits.filter(isNumber)
    expect(narrowFloat16(widenFloat16(bits))).toEqual(bits)
  })

  it('rounds to the nearest, ties to even', () => {
    const numbers = allBits.filter(bits => bits < 0x7bff)
    const values = widenFloat16(numbers)
    const next = widenFloat16(numbers.map(bits => bits + 1))
    const between = (part: number): number[] => Array.from(values, (value, k) => value + part * (next[k] - value))
    expect(narrowFloat16(between(0.49))).toEqual(numbers)
    expect(narrowFloat16(between(0.51))).toEqual(numbers.map(bits => bits + 1))
    expect(narrowFloat16(between(0.5))).toEqual(numbers.map(bits => bits + (bits & 1)))
  })

  it('overflows to infinity and keeps what is no number', () => {
    expect([...narrowFloat16([65519.99, 65520, -1e9, 2 ** -25, 2 ** -24.9])]).toEqual([0x7bff, 0x7c00, 0xfc00, 0, 1])
    expect(widenFloat16(narrowFloat16([Number.NaN]))[0]).toBeNaN()
  })
})

describe('a safetensors file of float16', () => {
  it('is read back to three digits', () => {
    const tensors = new Map([
      ['a', { shape: [3], data: Float32Array.of(1, -0.333, 1e-3) }],
      ['b', { shape: [2, 1], data: Float32Array.of(7, 1 / 3) }],
    ])
    const bytes = encodeSafetensors(tensors, new Map(), 'F16')
    const read = orThrow(decodeSafetensors(bytes))
    for (const [name, { shape, data }] of tensors) {
      const written = read.tensors.get(name)
      expect(written?.shape).toEqual(shape)
      data.forEach((value, k) => {
        expect(Math.abs((written?.data[k] as number) - value)).toBeLessThanOrEqual(Math.abs(value) / 2048)
      })
    }
  })
})
