import { check } from './check.ts'

// One file a process: memory is measured of it alone, and what breaks breaks nothing else.
const [file] = process.argv.slice(2)
process.stdout.write(`${JSON.stringify(await check(file, { turns: process.argv.includes('--turns') }))}\n`)
