import { describe, expect, it } from 'vitest'
import { EspalierError } from '../../../ir/index.ts'
import { prepareFile } from '../../../src/cli/destination.ts'

const refused = (path: string): Promise<unknown> =>
  prepareFile(path).then(
    () => undefined,
    error => error,
  )

describe('where a file is to be written', () => {
  it.skipIf(process.platform === 'win32')(
    'a device is refused as a failure, for no file is put in its place',
    async () => {
      const error = await refused('/dev/full')
      expect(error).toBeInstanceOf(EspalierError)
      expect(error).toMatchObject({ kind: 'failure', problems: [{ tag: 'unwritable-file', where: '/dev/full' }] })
    },
  )

  it('a folder is refused as bad input', async () => {
    expect(await refused(process.cwd())).toMatchObject({ kind: 'usage', problems: [{ seen: 'a folder' }] })
  })
})
