import { execFile } from 'node:child_process'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { temporaryFolder } from '../../temporary-folder.ts'
import { builtPackage } from './espalier.ts'

const modules = fileURLToPath(new URL('../../../node_modules', import.meta.url))

it('the types of the package hold in a strict program that checks those of libraries, too', async () => {
  const folder = await temporaryFolder('types')
  await mkdir(join(folder, 'node_modules/@types'), { recursive: true })
  await symlink(await builtPackage(), join(folder, 'node_modules/espalier'))
  for (const name of ['@types/node', 'undici-types'])
    await symlink(join(modules, name), join(folder, 'node_modules', name))
  const entries = ['', '/ir', '/passes', '/inspect'].map(
    (entry, k) => `export * as entry${k} from 'espalier${entry}'\n`,
  )
  await writeFile(join(folder, 'program.ts'), entries.join(''))
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
  const flags = ['--strict', '--skipLibCheck', 'false', '--noEmit', '--module', 'nodenext', '--target', 'es2022']
  const tsc = join(modules, '.bin/tsc')
  await promisify(execFile)(tsc, [...flags, '--types', 'node', 'program.ts'], { cwd: folder }).catch(({ stdout }) =>
    expect.fail(stdout),
  )
})
