import { readdir, readFile } from 'node:fs/promises'
import sharp from 'sharp'
import { expect, it, onTestFinished } from 'vitest'
import { decodeHere } from '../../../src/serve/decode-here.ts'
import { decodePool } from '../../../src/serve/decode-pool.ts'

const preprocess = { size: [6, 6], scale: 1 / 255, mean: [0.5], std: [0.25] } as const

const noise = (height: number, width: number): Promise<Buffer> =>
  sharp(Buffer.from(Array.from({ length: height * width * 3 }, (_, k) => (k * k * 31) % 256)), {
    raw: { height, width, channels: 3 },
  })
    .png()
    .toBuffer()

/** The processes that this one started. */
const children = async (): Promise<readonly number[]> => {
  const tasks = await readdir('/proc/self/task')
  const lists = await Promise.all(tasks.map(task => readFile(`/proc/self/task/${task}/children`, 'utf8')))
  return lists.flatMap(list => list.split(' ').filter(Boolean).map(Number))
}

it.skipIf(process.platform !== 'linux')(
  'decodes in processes, of which one that is killed fails one image at most',
  async () => {
    const before = await children()
    const { decode, close } = decodePool({ workers: 1, queue: 8, timeout: 60_000, mostPixels: 1e5 })
    onTestFinished(close)
    const image = await noise(9, 12)
    const here = decodeHere(1e5)
    const wanted = await here.decode(image, preprocess)
    expect(await decode(image, preprocess)).toEqual(wanted)
    await expect(decode(Buffer.from('no image'), preprocess)).rejects.toMatchObject({ status: 415 })
    await expect(decode(await noise(400, 300), preprocess)).rejects.toMatchObject({ status: 413 })

    const [worker] = (await children()).filter(pid => !before.includes(pid))
    const large = await noise(300, 300)
    const settled = Promise.allSettled([
      decode(large, preprocess),
      decode(image, preprocess),
      decode(image, preprocess),
    ])
    process.kill(worker, 'SIGKILL')
    const failed = (await settled).filter(({ status }) => status === 'rejected')
    expect(failed.length).toBeLessThanOrEqual(1)
    expect(await decode(image, preprocess)).toEqual(wanted)

    const many = await Promise.allSettled(Array.from({ length: 12 }, () => decode(image, preprocess)))
    expect(many.flatMap(each => (each.status === 'rejected' ? [each.reason.status] : []))).toEqual([503, 503, 503])
  },
)
