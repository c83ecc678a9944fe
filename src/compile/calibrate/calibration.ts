import { readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { either as E } from 'fp-ts'
import * as t from 'io-ts'
import { renderProblems } from '../../../ir/index.ts'
import { CostModel } from '../../../passes/index.ts'
import { cannotWrite } from '../../base/error.ts'
import { makeFolder } from '../../base/make-folder.ts'
import { replaceFile } from '../../base/replace-file.ts'
import { parseSealedJson, sealedJson } from '../../base/sealed-json.ts'
import { warn } from '../../base/warn.ts'
import type { BackendName } from '../../runtime/backend-names.ts'
import { cacheFolder } from '../../runtime/native/layout.ts'
import { shippedCosts } from './shipped.ts'

/** What one backend costs on one machine. */
export const Calibration = t.strict(
  {
    format: t.literal('espalier-calibration'),
    version: t.literal(1),
    /** Processors and what computes on them: costs of another machine or library are not these. */
    machine: t.string,
    library: t.string,
    samples: t.number,
    /** Of predictions against measurements, in percent. */
    error_percent: t.strict({ median: t.number, p90: t.number }),
    costs: CostModel,
  },
  'Calibration',
)
export type Calibration = t.TypeOf<typeof Calibration>

/** `2 × AMD EPYC`. */
export const machineName = (): string => {
  const processors = cpus()
  return `${processors.length} × ${processors[0]?.model.trim() ?? process.arch}`
}

export const calibrationFile = (backend: BackendName, cache = cacheFolder()): string =>
  join(cache, 'calibration', `${backend}.json`)

/** Writes a calibration where {@link costsOf} finds it, whole or not at all. @returns its path @throws EspalierError where it cannot be written */
export const writeCalibration = async (
  backend: BackendName,
  calibration: Calibration,
  cache = cacheFolder(),
): Promise<string> => {
  const path = calibrationFile(backend, cache)
  try {
    await makeFolder(join(cache, 'calibration'))
    await replaceFile(path, sealedJson(Calibration.encode(calibration)))
  } catch (error) {
    throw cannotWrite(path, error)
  }
  return path
}

const readIfThere = (path: string): Uint8Array | undefined => {
  try {
    return readFileSync(path)
  } catch {
    return undefined
  }
}

/** The calibration of this machine, if there is one. */
export const readCalibration = (backend: BackendName, cache = cacheFolder()): Calibration | undefined => {
  const path = calibrationFile(backend, cache)
  const bytes = readIfThere(path)
  if (bytes === undefined) return undefined
  const json = parseSealedJson(path, bytes)
  if (E.isLeft(json)) {
    warn(`Costs as shipped, for what was measured here is damaged: ${renderProblems(json.left)}`)
    return undefined
  }
  const decoded = Calibration.decode(json.right)
  return E.isRight(decoded) && decoded.right.machine === machineName() ? decoded.right : undefined
}

/** What ops cost on a backend: as calibrated here, else as shipped. */
export const costsOf = (
  backend: BackendName,
  cache?: string,
): { readonly costs: CostModel; readonly from: 'calibrated' | 'shipped' } => {
  const calibration = readCalibration(backend, cache)
  return calibration === undefined
    ? { costs: shippedCosts[backend], from: 'shipped' }
    : { costs: calibration.costs, from: 'calibrated' }
}
