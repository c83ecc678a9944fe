import { chmod, copyFile, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { either as E } from 'fp-ts'
import { problem, renderProblem } from '../../../ir/error.ts'
import { makeFolder } from '../../base/make-folder.ts'
import { putInPlace } from '../../base/put-in-place.ts'
import { setup } from '../setup.ts'
import { prebuiltAddon } from './layout.ts'

/** Run before `npm pack`: puts a built addon into `dist/native/prebuilt`, so that a user's machine needs no compiler. */
const prebuild = async () => {
  await rm(prebuiltAddon, { force: true })
  const installed = await setup({
    accelerator: 'cpu',
    onEvent: ({ state, step, what }) => state !== 'progress' && console.error(`${step} ${state}: ${what}`),
  })
  if (E.isLeft(installed)) return installed
  const { addon, contents } = installed.right
  if (contents.addon.origin !== 'built')
    return E.left(problem('no-addon', addon, contents.addon.origin, 'a built addon'))
  await makeFolder(dirname(prebuiltAddon))
  await copyFile(addon, `${prebuiltAddon}.tmp`)
  await chmod(`${prebuiltAddon}.tmp`, 0o755)
  await putInPlace(`${prebuiltAddon}.tmp`, prebuiltAddon)
  return E.right(prebuiltAddon)
}

const done = await prebuild()
if (E.isLeft(done)) {
  const anyway = process.env.ESPALIER_PACK_WITHOUT_ADDON === '1'
  console.error(`espalier: there is no addon to pack.\n${renderProblem(done.left)}`)
  console.error(
    anyway
      ? 'Packing without it.'
      : 'Set ESPALIER_PACK_WITHOUT_ADDON=1 to pack without it: its users have WebAssembly.',
  )
  process.exitCode = anyway ? 0 : 1
}
