import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import protobuf from 'protobufjs'
import { beforeEach, describe, expect, it } from 'vitest'
import { openEventFile, tfRecord } from '../../../src/train/event-file.ts'
import { temporaryFolder } from '../../temporary-folder.ts'

/** CRC-32C bit by bit, as RFC 3720 defines it. */
const crc32c = (bytes: Uint8Array): number => {
  let crc = 0xffffffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
  }
  return ~crc >>> 0
}
const masked = (bytes: Uint8Array): number => {
  const crc = BigInt(crc32c(bytes))
  return Number((((crc >> 15n) | (crc << 17n)) + 0xa282ead8n) & 0xffffffffn)
}

/** The records of a file, whose CRCs are checked. */
const recordsOf = (bytes: Buffer): readonly Uint8Array[] => {
  const records: Uint8Array[] = []
  for (let at = 0; at < bytes.length; ) {
    const length = Number(bytes.readBigUInt64LE(at))
    const data = bytes.subarray(at + 12, at + 12 + length)
    expect(bytes.readUInt32LE(at + 8)).toBe(masked(bytes.subarray(at, at + 8)))
    expect(bytes.readUInt32LE(at + 12 + length)).toBe(masked(data))
    records.push(data)
    at += 16 + length
  }
  return records
}

// TensorBoard's own message types, from tensorboard/compat/proto, in the part that is compared.
const Event = protobuf
  .parse(
    `syntax = "proto3";
    message Event { double wall_time = 1; int64 step = 2;
      oneof what { string file_version = 3; bytes graph_def = 4; Summary summary = 5; SessionLog session_log = 7; } }
    message SessionLog { enum SessionStatus { STATUS_UNSPECIFIED = 0; START = 1; STOP = 2; CHECKPOINT = 3; }
      SessionStatus status = 1; string checkpoint_path = 2; string msg = 3; }
    message Summary { message Value { string tag = 1; string node_name = 7; float simple_value = 2; }
      repeated Value value = 1; }`,
    { keepCase: true },
  )
  .root.lookupType('Event')

const eventsIn = async (path: string): Promise<readonly Record<string, unknown>[]> =>
  recordsOf(await readFile(path)).map(record =>
    Event.toObject(Event.decode(record), { enums: String, longs: Number, defaults: false }),
  )

let folder: string
beforeEach(async () => {
  folder = await temporaryFolder('events')
})

describe('a TFRecord', () => {
  it('has the CRCs of RFC 3720', () => {
    // Appendix B.4: 32 bytes of 0, of 0xff, and 0 … 31.
    const vectors: readonly (readonly [Uint8Array, number])[] = [
      [new Uint8Array(32), 0x8a9136aa],
      [new Uint8Array(32).fill(0xff), 0x62a8ab43],
      [Uint8Array.from({ length: 32 }, (_, k) => k), 0x46dd794e],
      [Buffer.from('123456789'), 0xe3069283],
    ]
    for (const [bytes, crc] of vectors) {
      expect(crc32c(bytes)).toBe(crc)
      expect(Buffer.from(tfRecord(bytes)).readUInt32LE(12 + bytes.length)).toBe(masked(bytes))
    }
  })

  it('is what TensorBoard writes', () => {
    // TensorBoard's RecordWriter, of b'espalier' and of nothing.
    const hex = (text: string): string => Buffer.from(tfRecord(Buffer.from(text))).toString('hex')
    expect(hex('espalier')).toBe('0800000000000000ff86240f657370616c696572b07b92c8')
    expect(hex('')).toBe('000000000000000029039807d8ea82a2')
  })
})

describe('an event file', () => {
  it('has the version, the start, and a point a tag', async () => {
    const before = Date.now() / 1000
    const file = await openEventFile(folder)
    await file.scalars(1, { 'train/loss': 2.5, 'train/learning_rate': 0.1 })
    await file.scalars(2 ** 40, { 'validation/error_percent': 0 })
    await file.close()
    const events = await eventsIn(file.path)
    expect(events.map(({ wall_time: _, ...event }) => event)).toEqual([
      { file_version: 'brain.Event:2' },
      { step: 0, session_log: { status: 'START' } },
      {
        step: 1,
        summary: {
          value: [
            { tag: 'train/loss', simple_value: 2.5 },
            { tag: 'train/learning_rate', simple_value: Math.fround(0.1) },
          ],
        },
      },
      { step: 2 ** 40, summary: { value: [{ tag: 'validation/error_percent', simple_value: 0 }] } },
    ])
    for (const { wall_time } of events) {
      expect(wall_time).toBeGreaterThanOrEqual(before)
      expect(wall_time).toBeLessThanOrEqual(Date.now() / 1000)
    }
  })

  it('says from which step a resume counts, in a file of a greater name', async () => {
    const first = await openEventFile(folder)
    await first.close()
    await new Promise(resolve => setTimeout(resolve, 2))
    const second = await openEventFile(folder, 90)
    await second.close()
    expect((await readdir(folder)).sort().map(name => join(folder, name))).toEqual([first.path, second.path])
    expect(second.path).toMatch(/events\.out\.tfevents\.\d{10}\./)
    expect((await eventsIn(second.path))[1]).toMatchObject({ step: 91, session_log: { status: 'START' } })
  })

  it('says where it cannot be written', async () => {
    await writeFile(join(folder, 'file'), '')
    await expect(openEventFile(join(folder, 'file'))).rejects.toThrow(/file: saw .*; expected a place/)
  })
})
