import { hostname } from 'node:os'
import { join } from 'node:path'
import crc32c from 'crc-32/crc32c.js'
import protobuf from 'protobufjs'
import { cannotWrite } from '../base/error.ts'
import { makeFolder } from '../base/make-folder.ts'
import { openAppendFile } from './append-file.ts'

/**
 * The part of TensorFlow's `Event` that scalars need, under the field numbers of its protocol buffers.
 *
 * @see https://github.com/tensorflow/tensorflow/blob/v2.21.0/tensorflow/core/util/event.proto
 */
const source = `
syntax = "proto3";
message Event {
  double wall_time = 1;
  int64 step = 2;
  oneof what { string file_version = 3; Summary summary = 5; SessionLog session_log = 7; }
}
message Summary { repeated Value value = 1; }
message Value { string tag = 1; float simple_value = 2; }
message SessionLog { int32 status = 1; }
`
const eventType = protobuf.parse(source, { keepCase: true }).root.lookupType('Event')
const started = 1

/** A CRC-32C that may itself be among checked data. */
const maskedCrc = (bytes: Uint8Array): number => {
  const crc = crc32c.buf(bytes) >>> 0
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0
}

/**
 * One record of a TFRecord file: length, its CRC, the bytes, their CRC.
 *
 * @see https://www.tensorflow.org/tutorials/load_data/tfrecord#tfrecords_format_details
 */
export const tfRecord = (bytes: Uint8Array): Uint8Array => {
  const record = Buffer.alloc(8 + 4 + bytes.length + 4)
  record.writeBigUInt64LE(BigInt(bytes.length), 0)
  record.writeUInt32LE(maskedCrc(record.subarray(0, 8)), 8)
  record.set(bytes, 12)
  record.writeUInt32LE(maskedCrc(bytes), 12 + bytes.length)
  return record
}

/** A TensorBoard event file. Calls are made one after the other. @throws EspalierError from each that cannot write. */
export interface EventFile {
  readonly path: string
  /** Writes a point of each curve, by tag: `train/loss`, `validation/error_percent`. */
  readonly scalars: (step: number, values: Readonly<Record<string, number>>) => Promise<void>
  /** Returns once the points are on the disk. */
  readonly flush: () => Promise<void>
  readonly close: () => Promise<void>
}

/** TensorBoard reads a folder's files in the order of their names, so a later one has a greater name, within a second too. */
const nameAt = (milliseconds: number): string => {
  const seconds = Math.floor(milliseconds / 1000)
  return `events.out.tfevents.${seconds}.${hostname()}.${String(milliseconds % 1000).padStart(3, '0')}`
}

/**
 * Begins a file of TensorBoard events in a folder. To go on after `step`, it says that the session started anew there, whereupon
 * TensorBoard drops the points of later steps in older files; without it, all of theirs.
 *
 * @throws EspalierError where it cannot be written.
 */
export const openEventFile = async (folder: string, step = -1): Promise<EventFile> => {
  const path = join(folder, nameAt(Date.now()))
  await makeFolder(folder).catch(error => {
    throw cannotWrite(folder, error)
  })
  const file = await openAppendFile(path, {})
  const write = (event: Readonly<Record<string, unknown>>): Promise<void> =>
    file.append(tfRecord(eventType.encode({ wall_time: Date.now() / 1000, ...event }).finish()))
  await write({ file_version: 'brain.Event:2' })
  await write({ step: step + 1, session_log: { status: started } })
  return {
    ...file,
    path,
    scalars: (at, values) =>
      write({
        step: at,
        summary: { value: Object.entries(values).map(([tag, simple_value]) => ({ tag, simple_value })) },
      }),
  }
}
