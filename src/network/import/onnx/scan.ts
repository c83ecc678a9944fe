import type protobuf from 'protobufjs'

/** Where bytes stop being what the schema says, and how. */
export interface Flaw {
  /** `graph.node[3].attribute[0]`. */
  readonly path: string
  readonly offset: number
  readonly seen: string
  readonly expected: string
  /** Nothing is wrong with the bytes, only their number. */
  readonly tooMany?: true
}

/** Each value costs some dozens of bytes when decoded, at two bytes or one in the file, a message hundreds: this bounds that. */
const valuesAtMost = 4_000_000
const messageCost = 16
const depthAtMost = 32

const wireTypes: Readonly<Record<string, number>> = {
  int32: 0,
  int64: 0,
  float: 5,
  double: 1,
  string: 2,
  bytes: 2,
}
const wireNames = ['a varint', '8 bytes', 'bytes with a length', 'a group', 'a group', '4 bytes']

/**
 * Walks protobuf bytes against a schema without decoding them: the first flaw, or null for bytes that the library's
 * decoder may be given. It checks what that decoder does not: wire types, lengths against the enclosing message, depth,
 * and how many values there are.
 */
export const scan = (schema: protobuf.Type, bytes: Uint8Array): Flaw | null => {
  let values = 0
  let at = 0
  const varint = (end: number): number | null => {
    let value = 0
    for (let shift = 0; shift < 10; shift++) {
      if (at >= end) return null
      const byte = bytes[at++]
      value += (byte & 0x7f) * 2 ** (7 * shift)
      if (byte < 0x80) return value
    }
    return null
  }

  const message = (type: protobuf.Type, end: number, path: string, depth: number): Flaw | null => {
    const counts = new Map<number, number>()
    while (at < end) {
      const offset = at
      const flaw = (seen: string, expected: string, where = path): Flaw => ({ path: where, offset, seen, expected })
      const key = varint(end)
      if (key === null) return flaw('a field that does not end', 'a field number and a wire type')
      const id = Math.floor(key / 8)
      const wire = key % 8
      if (id < 1 || id > 0x1fffffff || wire === 3 || wire === 4 || wire > 5)
        return flaw(`field ${id} of wire type ${wire}`, 'a field number and a wire type')
      const field = type.fieldsById[id] as protobuf.Field | undefined
      const index = counts.get(id) ?? 0
      counts.set(id, index + 1)
      const name =
        field === undefined ? `field ${id}` : field.repeated && wire === 2 ? `${field.name}[${index}]` : field.name
      const where = path === '' ? name : `${path}.${name}`
      if (++values > valuesAtMost) return { ...flaw(`over ${valuesAtMost} values`, 'fewer', where), tooMany: true }
      let stop: number
      switch (wire) {
        case 0:
          if (varint(end) === null) return flaw('a number that does not end', 'a varint of at most 10 bytes', where)
          stop = at
          break
        case 1:
          stop = at + 8
          break
        case 2: {
          const length = varint(end)
          if (length === null) return flaw('a length that does not end', 'a varint of at most 10 bytes', where)
          stop = at + length
          break
        }
        default:
          stop = at + 4
      }
      if (stop > end)
        return flaw(
          `${stop - at} bytes from byte ${at} on, where only ${end - at} are left`,
          'a field inside its message',
          where,
        )
      if (field !== undefined) {
        const nested = field.resolvedType as protobuf.Type | null
        const packable = field.repeated && field.type !== 'string' && field.type !== 'bytes' && nested === null
        const wanted = nested === null ? wireTypes[field.type] : 2
        if (wire !== wanted && !(wire === 2 && packable))
          return flaw(wireNames[wire], `${wireNames[wanted]} (${field.type})`, where)
        if (nested !== null) {
          values += messageCost
          if (depth >= depthAtMost) return flaw(`messages ${depth} deep`, `at most ${depthAtMost}`, where)
          const inner = message(nested, stop, where, depth + 1)
          if (inner !== null) return inner
        } else if (wire === 2 && packable) {
          if (wanted === 0) {
            while (at < stop) {
              if (varint(stop) === null) return flaw('a number that does not end', 'packed varints', where)
              if (++values > valuesAtMost)
                return { ...flaw(`over ${valuesAtMost} values`, 'fewer', where), tooMany: true }
            }
          } else if ((stop - at) % (wanted === 1 ? 8 : 4) !== 0)
            return flaw(`${stop - at} bytes of packed numbers`, `a multiple of ${wanted === 1 ? 8 : 4}`, where)
        }
      }
      at = stop
    }
    return null
  }
  return message(schema, bytes.length, '', 0)
}
