import { chmod, copyFile, mkdir, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { either as E } from 'fp-ts'
import { renderProblem } from '../../../ir/error.ts'
import { setup } from '../setup.ts'
import { buildAddon, checkAddon } from './addon.ts'
import { prebuiltAddon } from './layout.ts'

/** Run before `npm pack`: puts a fresh addon into `dist/native/prebuilt`, so that a user's machine needs no compiler. */
const prebuild = async () => {
  await rm(prebuiltAddon, { force: true })
  const installed = await setup({
    accelerator: 'cpu',
    onEvent: e => e.state === 'started' && console.error(e.step, e.what),
  })
  if (E.isLeft(installed)) return installed
  const built = `${installed.right.addon}.${process.pid}.tmp.node`
  try {
    const made = await buildAddon(installed.right, built)
    if (E.isLeft(made)) return made
    const loaded = await checkAddon(built)
    if (E.isLeft(loaded)) return loaded
    await mkdir(dirname(prebuiltAddon), { recursive: true })
    await copyFile(built, `${prebuiltAddon}.tmp`)
    await chmod(`${prebuiltAddon}.tmp`, 0o755)
    await rename(`${prebuiltAddon}.tmp`, prebuiltAddon)
    return loaded
  } finally {
    await rm(built, { force: true })
  }
}

const done = await prebuild()
if (E.isLeft(done)) {
  console.error(`espalier: the addon could not be built for the package.\n${renderProblem(done.left)}`)
  if (process.env.ESPALIER_PACK_WITHOUT_ADDON === '1')
    console.error('Packing without it, as ESPALIER_PACK_WITHOUT_ADDON says.')
  else {
    console.error('Set ESPALIER_PACK_WITHOUT_ADDON=1 to pack without it: users then have WebAssembly only.')
    process.exitCode = 1
  }
}
