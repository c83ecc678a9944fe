import { espalier } from '../../../src/cli/espalier.ts'

/** What a command line of these sources prints in this process, without a terminal, and how it ends. */
export const inProcess = async (args: readonly string[]) => {
  let [code, stdout, stderr] = [0, '', '']
  await espalier({
    args,
    stdout: text => {
      stdout += text
    },
    stderr: text => {
      stderr += text
    },
    interactive: false,
    exitWith: exit => {
      code = exit
    },
  })
  return { code, stdout, stderr }
}
