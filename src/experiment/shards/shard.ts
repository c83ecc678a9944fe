import * as t from 'io-ts'
import { sealedJson } from '../../base/sealed-json.ts'

/** A part of some work: number `index`, from 0, of `of`. */
export interface ShardNumber {
  readonly index: number
  readonly of: number
}

/** What the file of a shard's result is called in a folder of several. */
export const shardFileName = ({ index, of }: ShardNumber, type = 'json'): string => `shard-${index}-of-${of}.${type}`

/** `0/3`, the first of three. */
export const printShard = ({ index, of }: ShardNumber): string => `${index}/${of}`

/**
 * The images of a shard, from, to: whole batches, so that every batch is one of the undivided work, where there are as many batches as shards.
 * Together the shards have each image once.
 */
export const shardRange = (
  { index, of }: ShardNumber,
  images: number,
  batch: number,
): readonly [from: number, to: number] => {
  const step = Math.ceil(images / batch) < of ? 1 : batch
  const steps = Math.ceil(images / step)
  const at = (k: number): number => Math.min(images, Math.floor((k * steps) / of) * step)
  return [at(index), at(index + 1)]
}

/** Whether a shard has one of several tasks, counted from 0: every n-th, so that the last shard has no more than others. */
export const shardHas = ({ index, of }: ShardNumber, task: number): boolean => task % of === index

/** The commands whose work is divided. */
export const shardedCommands = ['run', 'impact', 'sweep'] as const
export type ShardedCommand = (typeof shardedCommands)[number]

/** What all shards of one work have in common, by what it is called: what differs is not merged. */
export type ShardFacts = Readonly<Record<string, unknown>>

/** What the file of a shard says of it, beside what a reader takes for a result. */
export const Shard = t.strict({
  command: t.keyof(Object.fromEntries(shardedCommands.map(name => [name, null])) as Record<ShardedCommand, null>),
  index: t.number,
  of: t.number,
  facts: t.record(t.string, t.unknown),
  /** Of what the whole is made, in the form of the command and of this version. */
  part: t.unknown,
})
export type Shard = t.TypeOf<typeof Shard>

/** The result of a shard as JSON: its own, and under `shard` what merging takes; it says its own checksum. */
export const shardJson = (result: object, shard: Shard, indent: number): Uint8Array =>
  sealedJson({ ...result, shard }, indent)
