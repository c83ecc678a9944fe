import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { either as E } from 'fp-ts'
import { problem } from '../../ir/error.ts'
import type { RuntimeProblem } from './error.ts'
import type { Accelerator } from './native/layout.ts'

type Support = E.Either<RuntimeProblem, string>

const refused = (where: string, seen: string, expected: string): Support =>
  E.left(problem('no-bfloat16', where, seen, expected, 'use --precision float32: here bfloat16 would be emulated'))

/** Of the flags that Linux lists, those of instructions that multiply bfloat16 and add in float32. */
const instructions: Readonly<Record<string, string>> = { amx_bf16: 'AMX-BF16', avx512_bf16: 'AVX512-BF16' }

/** What `/proc/cpuinfo` says of bfloat16. */
export const bfloat16OfCores = (cpuinfo: string): Support => {
  const flags = new Set(/^flags\s*:\s*(.*)$/m.exec(cpuinfo)?.[1]?.split(' '))
  const found = Object.keys(instructions).find(flag => flags.has(flag))
  return found === undefined
    ? refused(cpus()[0]?.model.trim() || 'processor', 'neither', Object.values(instructions).join(' or '))
    : E.right(instructions[found] as string)
}

const leastCapability = 8

/** What `nvidia-smi --query-gpu=compute_cap` says of bfloat16: tensor cores have it from compute capability 8.0. */
export const bfloat16OfDevices = (capabilities: string): Support => {
  const seen = capabilities.split('\n').filter(line => line.trim() !== '')
  return seen.length > 0 && seen.every(line => Number(line) >= leastCapability)
    ? E.right(`compute capability ${seen.join(', ')}`)
    : refused('NVIDIA device', `compute capability ${seen.join(', ') || 'unknown'}`, `${leastCapability}.0 or later`)
}

const cpuinfo = (): string => {
  try {
    return readFileSync('/proc/cpuinfo', 'utf8')
  } catch {
    return ''
  }
}

/** What computes bfloat16 here without emulation, by name. Left: nothing does. */
export const bfloat16Support = (accelerator: Accelerator = 'cpu'): Support =>
  accelerator === 'cpu'
    ? bfloat16OfCores(cpuinfo())
    : bfloat16OfDevices(
        spawnSync('nvidia-smi', ['--query-gpu=compute_cap', '--format=csv,noheader'], { encoding: 'utf8' }).stdout ??
          '',
      )
