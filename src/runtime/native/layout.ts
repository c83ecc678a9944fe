import { join } from 'node:path'
import envPaths from 'env-paths'
import { either as E, function as F } from 'fp-ts'
import * as t from 'io-ts'
import { packageManifest, packageRoot } from '../../base/package.ts'

/** Where everything native lies: the package's own folder, the vendored JavaScript, the prebuilt addon, the user's cache. */

const Manifest = t.type({
  config: t.type({
    native: t.type({
      package: t.string,
      version: t.string,
      integrity: t.string,
      tensorflow: t.string,
      openvino: t.string,
      wheels: t.record(t.string, t.type({ sha256: t.string, bytes: t.number })),
    }),
  }),
})

export type Pins = t.TypeOf<typeof Manifest>['config']['native']

const manifest = F.pipe(
  Manifest.decode(packageManifest),
  E.getOrElseW(() => {
    throw new Error(`${packageRoot}/package.json lacks config.native`)
  }),
)

/** What `package.json` pins under `config.native`: the vendored package, and the wheels of TensorFlow and OpenVINO. */
export const pins: Pins = manifest.config.native

export const vendoredFolder = join(packageRoot, 'dist/native/tfjs-node-gpu')

export const platformName = `${process.platform}-${process.arch}`

export const addonName = 'tfjs_binding.node'

export const prebuiltAddon = join(packageRoot, 'dist/native/prebuilt', platformName, addonName)

/** The user's cache folder for this program: `ESPALIER_CACHE`, else the platform's own place for caches. */
export const cacheFolder = (): string => process.env.ESPALIER_CACHE || envPaths('espalier', { suffix: '' }).cache

export type Accelerator = 'cpu' | 'nvidia'

/**
 * One installed library. The addon stands two folders above `deps/lib`, as its rpath wants
 * (`$ORIGIN/../../deps/lib`), and NVIDIA's libraries where TensorFlow's rpath wants them (`$ORIGIN/../nvidia`).
 */
export const installation = (folder: string) => ({
  folder,
  addon: join(folder, 'lib/napi-v8', addonName),
  libraries: join(folder, 'deps/lib'),
  include: join(folder, 'deps/include'),
  manifest: join(folder, 'manifest.json'),
})

export type Installation = ReturnType<typeof installation>

export const installationName = (accelerator: Accelerator): string => `tensorflow-${pins.tensorflow}-${accelerator}`

export const installationIn = (cache: string, accelerator: Accelerator): Installation =>
  installation(join(cache, 'native', installationName(accelerator)))
