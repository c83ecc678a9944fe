import { join } from 'node:path'
import * as t from 'io-ts'
import { InstalledFiles, wholeContents } from '../native/installed.ts'
import { cacheFolder, pins } from '../native/layout.ts'
import type { PlaceOf } from '../native/wheel.ts'

/** OpenVINO's installation: its runtime, its CPU plugin and its ONNX frontend, which find each other in one folder. */

const taken =
  /^openvino\/libs\/(lib(?:openvino(?:_c|_intel_cpu_plugin|_onnx_frontend)?|tbb|tbbbind_2_5|hwloc)\.so[.\d]*)$/

export const openvinoPlace: PlaceOf = entry => {
  const library = taken.exec(entry)?.[1]
  return library === undefined ? undefined : library.replace(/^(libopenvino_c\.so)[.\d]*$/, '$1')
}

export const openvinoName = `openvino-${pins.openvino}`

export const openvinoIn = (folder: string) => ({
  folder,
  library: join(folder, 'libopenvino_c.so'),
  manifest: join(folder, 'manifest.json'),
})

export type OpenvinoInstallation = ReturnType<typeof openvinoIn>

export const openvinoFolder = (cache: string): string => join(cache, 'native', openvinoName)

/** What an installation says of itself; it is the last file written into one. */
export const OpenvinoManifest = t.type({ openvino: t.string, ...InstalledFiles.props })
export type OpenvinoManifest = t.TypeOf<typeof OpenvinoManifest>

export interface InstalledOpenvino extends OpenvinoInstallation {
  readonly contents: OpenvinoManifest
}

/** The installation in a cache folder, if it is whole. */
export const findOpenvino = async (cache: string = cacheFolder()): Promise<InstalledOpenvino | undefined> => {
  const place = openvinoIn(openvinoFolder(cache))
  const contents = await wholeContents(OpenvinoManifest, place)
  return contents === undefined ? undefined : { ...place, contents }
}
