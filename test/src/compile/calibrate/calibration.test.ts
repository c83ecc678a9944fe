import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { calibrationFile, machineName } from '../../../../src/compile/calibrate/calibration.ts'
import {
  type Calibration,
  costsOf,
  readCalibration,
  shippedCosts,
  writeCalibration,
} from '../../../../src/compile/calibrate/index.ts'
import { temporaryFolder } from '../../../temporary-folder.ts'

const cache = await temporaryFolder('calibration')

const calibration: Calibration = {
  format: 'espalier-calibration',
  version: 1,
  machine: machineName(),
  library: 'TensorFlow',
  samples: 3,
  error_percent: { median: 5, p90: 9 },
  costs: { ...shippedCosts.wasm, fuses: false },
}

describe('a calibration in the cache', () => {
  it('is what auto goes by, for its backend alone', async () => {
    expect(costsOf('wasm', cache)).toEqual({ costs: shippedCosts.wasm, from: 'shipped' })
    await writeCalibration('wasm', calibration, cache)
    expect(readCalibration('wasm', cache)).toEqual(calibration)
    expect(costsOf('wasm', cache)).toEqual({ costs: calibration.costs, from: 'calibrated' })
    expect(costsOf('cpu', cache).from).toBe('shipped')
    expect(await readdir(join(cache, 'calibration'))).toEqual(['wasm.json'])
  })

  it.each([
    ['of another machine', JSON.stringify({ ...calibration, machine: 'an abacus' })],
    ['of another version', JSON.stringify({ ...calibration, version: 2 })],
    ['cut short', JSON.stringify(calibration).slice(0, 100)],
    ['with a negative rate', JSON.stringify(calibration).replace(/"calls":[\d.]+/, '"calls":-1')],
  ])('%s is not gone by', async (_, text) => {
    const path = calibrationFile('cpu', cache)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, text)
    expect(costsOf('cpu', cache)).toEqual({ costs: shippedCosts.cpu, from: 'shipped' })
  })
})
