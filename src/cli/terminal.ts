/** What a command line speaks to: a process, or whoever listens in its place. */
export interface Terminal {
  /** The arguments that it is called with. */
  readonly args: readonly string[]
  readonly stdout: (text: string) => void
  readonly stderr: (text: string) => void
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
  interactive: process.stderr.isTTY === true,
  exitWith: code => {
    process.exitCode = code
  },
}
