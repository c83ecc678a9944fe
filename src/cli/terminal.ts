import { writeSync } from 'node:fs'

/** What a command line speaks to: a process, or whoever listens in its place. */
export interface Terminal {
  /** The arguments that it is called with. */
  readonly args: readonly string[]
  readonly stdout: (text: string) => void
  readonly stderr: (text: string) => void
  /** A line of a log to stdout, which is lost where it cannot be written: on a full disk, or to a reader that is gone or too slow. */
  readonly log?: (line: string) => void
  /** Whether somebody watches stderr. */
  readonly interactive: boolean
  /** Sets the code to exit with, 0 until then. */
  readonly exitWith: (code: number) => void
}

/** The process that this runs in. */
export const processTerminal: Terminal = {
  args: process.argv.slice(2),
  stdout: text => void process.stdout.write(text),
  stderr: text => void process.stderr.write(text),
  log: line => {
    try {
      writeSync(process.stdout.fd, line)
    } catch {}
  },
  interactive: process.stderr.isTTY === true,
  exitWith: code => {
    process.exitCode = code
  },
}
