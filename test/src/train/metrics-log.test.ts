import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { EspalierError } from '../../../ir/index.ts'
import { logFile, openMetricsLog } from '../../../src/train/metrics-log.ts'
import { temporaryFolder } from '../../temporary-folder.ts'

let folder: string
beforeEach(async () => {
  folder = await temporaryFolder('log')
})

const path = () => join(folder, logFile)
const text = () => readFile(path(), 'utf8')
const line = (event: object): string => `${JSON.stringify(event)}\n`
const start = { event: 'start', network: 'é' }
const steps = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, k) => ({ event: 'step', step: from + k, loss: 1 / (from + k) }))

const write = async (events: readonly object[], step?: number): Promise<void> => {
  const log = await openMetricsLog(folder, step)
  for (const event of events) await log.write(event)
  await log.close()
}

describe('a log', () => {
  it('has a line of JSON an event', async () => {
    await write([start, ...steps(1, 3)])
    expect(
      (await text())
        .split('\n')
        .slice(0, -1)
        .map(l => JSON.parse(l)),
    ).toEqual([start, ...steps(1, 3)])
  })

  it('begins anew without a step', async () => {
    await write([start, ...steps(1, 9)])
    await write(steps(1, 2))
    expect(await text()).toBe(steps(1, 2).map(line).join(''))
  })

  it('makes its folder, and begins where a resume finds none', async () => {
    folder = join(folder, 'new')
    await write([start], 4)
    expect(await text()).toBe(line(start))
    folder = join(folder, '..')
  })

  it('shows a line as soon as it is written', async () => {
    const log = await openMetricsLog(folder)
    await log.write(start)
    expect(await text()).toBe(line(start))
    await log.flush()
    await log.close()
  })

  it('goes on after a checkpoint as if the steps after it had never been', async () => {
    const whole = [start, ...steps(1, 4), { event: 'epoch', step: 4 }, ...steps(5, 9)]
    await write(whole)
    await write(steps(5, 9), 4)
    expect(await text()).toBe(whole.map(line).join(''))
  })

  it('goes on whole from a log cut at any byte after the checkpoint', async () => {
    const before = [start, ...steps(1, 3)].map(line).join('')
    const whole = Buffer.from(before + steps(4, 6).map(line).join(''))
    for (let bytes = Buffer.byteLength(before); bytes <= whole.length; bytes++) {
      await writeFile(path(), whole.subarray(0, bytes))
      await write(steps(4, 6), 3)
      expect(await text()).toBe(whole.toString())
    }
  })

  it('drops a line that is torn before the checkpoint', async () => {
    await write(steps(1, 3))
    await appendFile(path(), '{"event":"step","st')
    await write(steps(9, 9), 8)
    expect(await text()).toBe([...steps(1, 3), ...steps(9, 9)].map(line).join(''))
  })

  it('keeps lines without a step that come before the cut', async () => {
    await write([...steps(1, 2), start, ...steps(3, 3), start])
    await write([], 2)
    expect(await text()).toBe([...steps(1, 2), start].map(line).join(''))
  })

  it('says where it cannot be written', async () => {
    await mkdir(path())
    await expect(openMetricsLog(folder)).rejects.toThrow(EspalierError)
    await expect(openMetricsLog(folder, 3)).rejects.toThrow(`${path()}: saw a folder`)
  })
})
