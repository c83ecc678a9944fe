import { either as E } from 'fp-ts'
import { expect, it } from 'vitest'
import { bfloat16OfCores, bfloat16OfDevices, bfloat16Support } from '../../../src/runtime/bfloat16.ts'

it.each([
  ['flags\t\t: fpu avx512f avx512_bf16 clzero', 'AVX512-BF16'],
  ['processor : 0\nflags : amx_bf16 avx512_bf16 amx_tile\nbugs :', 'AMX-BF16'],
])('%s: has bfloat16', (cpuinfo, name) => {
  expect(bfloat16OfCores(cpuinfo)).toEqual(E.right(name))
})

it.each(['flags : fpu avx512f avx512_vnni', '', 'Features : fp asimd bf16'])('%s: refused, with a reason', cpuinfo => {
  const support = bfloat16OfCores(cpuinfo)
  expect(E.isLeft(support) && support.left).toMatchObject({
    tag: 'no-bfloat16',
    expected: 'AMX-BF16 or AVX512-BF16',
    hint: expect.stringContaining('emulated'),
  })
})

it.each([
  ['8.0\n', true],
  ['9.0\n8.6\n', true],
  ['9.0\n7.5\n', false],
  ['', false],
  ['[N/A]\n', false],
])('NVIDIA devices of compute capability %j: %s', (capabilities, there) => {
  expect(E.isRight(bfloat16OfDevices(capabilities))).toBe(there)
})

it('says yes or why not, whatever the machine', () => {
  const support = bfloat16Support()
  expect(E.isRight(support) ? support.right : support.left.tag).toMatch(/BF16|no-bfloat16/)
})
