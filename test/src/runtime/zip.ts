import { createHash } from 'node:crypto'

/** A zip of stored files: enough of the format for a wheel made in a test. */
export const storedZip = (files: Readonly<Record<string, Buffer>>): Buffer => {
  const locals: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const [name, data] of Object.entries(files)) {
    const path = Buffer.from(name)
    const fields = Buffer.alloc(26)
    fields.writeUInt16LE(20, 0)
    fields.writeUInt32LE(data.length, 14)
    fields.writeUInt32LE(data.length, 18)
    fields.writeUInt16LE(path.length, 22)
    locals.push(Buffer.from('PK\x03\x04'), fields, path, data)
    const tail = Buffer.alloc(14)
    tail.writeUInt32LE(offset, 10)
    directory.push(Buffer.from('PK\x01\x02'), Buffer.from([20, 0]), fields, tail, path)
    offset += 4 + fields.length + path.length + data.length
  }
  const central = Buffer.concat(directory)
  const end = Buffer.alloc(18)
  const count = Object.keys(files).length
  end.writeUInt16LE(count, 4)
  end.writeUInt16LE(count, 6)
  end.writeUInt32LE(central.length, 8)
  end.writeUInt32LE(offset, 12)
  return Buffer.concat([...locals, central, Buffer.from('PK\x05\x06'), end])
}

const recordLine = (name: string, data: Buffer): string =>
  `${name},sha256=${createHash('sha256').update(data).digest('base64url')},${data.length}`

/** A wheel with a RECORD of its files, some of them recorded wrongly on demand. */
export const wheelOf = (files: Readonly<Record<string, string>>, misrecorded: readonly string[] = []): Buffer => {
  const contents = Object.fromEntries(Object.entries(files).map(([name, text]) => [name, Buffer.from(text)]))
  const record = Object.entries(contents).map(([name, data]) =>
    recordLine(name, misrecorded.includes(name) ? Buffer.from('another') : data),
  )
  return storedZip({ ...contents, 'some-1.0.dist-info/RECORD': Buffer.from(`${record.join('\n')}\n`) })
}
