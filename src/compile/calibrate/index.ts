export { type Calibrated, calibrate } from './calibrate.ts'
export { type Calibration, costsOf, readCalibration, writeCalibration } from './calibration.ts'
export { shippedCosts } from './shipped.ts'
