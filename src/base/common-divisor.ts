/** The greatest common divisor of whole numbers from 0 on. */
export const commonDivisor = (a: number, b: number): number => (b === 0 ? a : commonDivisor(b, a % b))
