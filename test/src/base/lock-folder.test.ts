import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { lockFolder } from '../../../src/base/lock-folder.ts'
import { processStart } from '../../../src/base/process-start.ts'
import { temporaryFolder } from '../../temporary-folder.ts'

let folder: string
const children: ChildProcess[] = []
beforeEach(async () => {
  folder = await temporaryFolder('lock')
})
afterEach(() => {
  vi.useRealTimers()
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

/** What this process writes into a lock of its own. */
const ownLock = async (): Promise<Record<string, unknown>> => {
  const unlock = await lockFolder(folder)
  const [name] = await readdir(folder)
  const lock = JSON.parse(await readFile(join(folder, name), 'utf8'))
  await unlock()
  return lock
}

const leaveLock = async (contents: object | string, minutesAgo = 0): Promise<void> => {
  const path = join(folder, 'lock-0.json')
  await writeFile(path, typeof contents === 'string' ? contents : JSON.stringify(contents))
  const then = new Date(Date.now() - 60_000 * minutesAgo)
  await utimes(path, then, then)
}

/** Another process and the lock that it would have. */
const another = async (): Promise<{ readonly child: ChildProcess; readonly lock: Record<string, unknown> }> => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
  children.push(child)
  const pid = child.pid as number
  return { child, lock: { ...(await ownLock()), pid, start: await processStart(pid) } }
}

describe('a locked folder', () => {
  it('is made, refused to others with who has it and since when, and free and empty afterwards', async () => {
    const inner = join(folder, 'a/b')
    const unlock = await lockFolder(inner)
    const { since } = JSON.parse(await readFile(join(inner, (await readdir(inner))[0]), 'utf8'))
    await expect(lockFolder(inner)).rejects.toMatchObject({
      kind: 'usage',
      problems: [
        {
          tag: 'folder-in-use',
          where: inner,
          seen: `another process, ${process.pid}, at work there since ${since}`,
          hint: 'wait until it ends, or another folder',
        },
      ],
    })
    expect(await readdir(inner)).toHaveLength(1)
    await unlock()
    expect(await readdir(inner)).toEqual([])
    await (await lockFolder(inner))()
  })

  it('goes to one of many who ask at once', async () => {
    for (let k = 0; k < 20; k++) {
      const asked = await Promise.allSettled(Array.from({ length: 5 }, () => lockFolder(folder)))
      const given = asked.filter(each => each.status === 'fulfilled')
      expect(given).toHaveLength(1)
      await given[0].value()
    }
    expect(await readdir(folder)).toEqual([])
  })

  it('is refused while another process runs, and free once that is killed', async () => {
    const { child, lock } = await another()
    await leaveLock(lock, 60)
    await expect(lockFolder(folder)).rejects.toThrow(`another process, ${child.pid}, at work there since`)
    child.kill('SIGKILL')
    await once(child, 'exit')
    const unlock = await lockFolder(folder)
    expect(await readdir(folder)).not.toContain('lock-0.json')
    await unlock()
  })

  it('is free where another process has the number of the one that had it, as after a reboot', async () => {
    const { lock } = await another()
    await leaveLock({ ...lock, start: `before ${lock.start}` })
    await (await lockFolder(folder))()
  })

  it.each([{ host: 'elsewhere' }, { namespace: 'pid:[1]' }])('of %j is free after silence', async place => {
    const lock = { ...(await ownLock()), ...place, pid: 1 }
    await leaveLock(lock, 9)
    await expect(lockFolder(folder)).rejects.toThrow(/another process, 1 on .*\n.* 10 minutes after/)
    await leaveLock(lock, 11)
    await (await lockFolder(folder))()
  })

  it('gives signs of life', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'Date'] })
    const unlock = await lockFolder(folder)
    const path = join(folder, (await readdir(folder))[0])
    await utimes(path, 0, 0)
    vi.advanceTimersByTime(61_000)
    await vi.waitFor(async () => expect((await stat(path)).mtimeMs).toBeGreaterThan(0))
    await unlock()
    expect(vi.getTimerCount()).toBe(0)
  })

  it.each(['', '{"pid":', '{}'])(
    'is refused while a lock that says %j is young, and free of one that stayed so',
    async text => {
      await leaveLock(text)
      await expect(lockFolder(folder)).rejects.toThrow('another process, that just begins')
      await leaveLock(text, 1)
      await (await lockFolder(folder))()
    },
  )

  it('cannot be where it cannot be written', async () => {
    const file = join(folder, 'file')
    await writeFile(file, '')
    await expect(lockFolder(file)).rejects.toMatchObject({ problems: [{ tag: 'unwritable-file', where: file }] })
  })
})
