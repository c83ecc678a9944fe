import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { afterEach, describe, expect, it } from 'vitest'
import { isRunning, processStart } from '../../../src/base/process-start.ts'

const children: ChildProcess[] = []
const child = (): number => {
  const spawned = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
  children.push(spawned)
  return spawned.pid as number
}
afterEach(() => {
  for (const spawned of children.splice(0)) spawned.kill('SIGKILL')
})

/** Ways to look at a process; Linux has both. */
const platforms = (['linux', 'darwin'] as const).filter(
  platform => platform === process.platform || (platform === 'darwin' && spawnSync('ps', ['-p', '1']).status === 0),
)

describe.each(platforms)('a process, looked at as on %s', platform => {
  it('runs until it ends', async () => {
    const pid = child()
    const start = await processStart(pid, platform)
    expect(start).toMatch(/\d/)
    expect(await processStart(pid, platform)).toBe(start)
    expect(await isRunning(pid, start, platform)).toBe(true)
    expect(await isRunning(pid, '', platform)).toBe(true)
    children[0].kill('SIGKILL')
    await once(children[0], 'exit')
    expect(await isRunning(pid, start, platform)).toBe(false)
    expect(await processStart(pid, platform)).toBe('')
  })

  it('is not another that began at another time under its number', async () => {
    const started = await processStart(process.pid, platform)
    expect(await isRunning(process.pid, started, platform)).toBe(true)
    expect(await isRunning(process.pid, `${started}0`, platform)).toBe(false)
  })

  it('does not run once it has ended, though its parent takes no note', async () => {
    // The shell becomes a `sleep`, which never waits for the child that the shell had.
    const parent = spawn('/bin/sh', ['-c', 'sleep 0.05 & echo $!; exec sleep 30'], { stdio: 'pipe' })
    children.push(parent)
    const [line] = await once(parent.stdout, 'data')
    const pid = Number(String(line))
    const start = await processStart(pid, platform)
    await expect.poll(() => isRunning(pid, start, platform), { timeout: 60_000 }).toBe(false)
    expect(process.kill(pid, 0)).toBe(true)
  })
})
