import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { emissions } from '../../../src/cli/emission.ts'
import { temporaryFolder } from '../../temporary-folder.ts'
import { espalier } from './espalier.ts'

const run = promisify(execFile)
const there = async (shell: string): Promise<boolean> =>
  run(shell, ['--version']).then(
    () => true,
    () => false,
  )

/** What bash completes at the end of a line. */
const completedBy = async (script: string, words: readonly string[]): Promise<readonly string[]> => {
  const list = words.map(word => `'${word}'`).join(' ')
  const ask = `source '${script}' && COMP_WORDS=(${list}) COMP_CWORD=${words.length - 1} && compopt() { echo files; }; _espalier; printf '%s\\n' "\${COMPREPLY[@]}"`
  const { stdout } = await run('bash', ['-c', ask])
  return stdout.split('\n').filter(line => line !== '')
}

describe('espalier completion', async () => {
  it.skipIf(!(await there('bash')))('completes commands, flags, values and files in bash', async () => {
    const script = join(await temporaryFolder('completion'), 'bash')
    await writeFile(script, (await espalier(['completion', 'bash'])).stdout)
    const at = (...words: readonly string[]) => completedBy(script, ['espalier', ...words])
    expect((await at('comp')).toSorted()).toEqual(['compare', 'compile', 'completion'])
    expect(await at('compile', '--emit', '')).toEqual([...emissions])
    expect(await at('run', '--backend', 'ten')).toEqual(['tensorflow'])
    expect(await at('run', '--exec')).toEqual(['--executor'])
    expect(await at('completion', '')).toEqual(['bash', 'zsh', 'fish'])
    expect(await at('run', '--weights', '')).toEqual(['files'])
    expect(await at('inspect', '')).toEqual(['files'])
  })

  it.each(['zsh', 'fish'] as const)('knows every command and flag in %s, which finds no fault in it', async shell => {
    const { stdout } = await espalier(['completion', shell])
    for (const word of ['compile', 'compare', 'explain']) expect(stdout).toContain(word)
    expect(stdout).toContain(shell === 'zsh' ? '--emit[' : '-l emit -d')
    expect(stdout).toContain(emissions.join(' '))
    const script = join(await temporaryFolder('completion'), shell)
    await writeFile(script, stdout)
    if (await there(shell)) await run(shell, ['-n', script])
  })

  it.skipIf(!(await there('fish')))('completes commands, flags and values in fish', async () => {
    const script = join(await temporaryFolder('completion'), 'fish')
    await writeFile(script, (await espalier(['completion', 'fish'])).stdout)
    const at = async (line: string): Promise<readonly string[]> => {
      const { stdout } = await run('fish', ['--no-config', '-c', `source '${script}'; complete -C '${line}'`])
      return stdout
        .split('\n')
        .map(candidate => candidate.split('\t')[0])
        .filter(candidate => candidate !== '')
    }
    expect((await at('espalier comp')).toSorted()).toEqual(['compare', 'compile', 'completion'])
    expect((await at('espalier compile --emit ')).toSorted()).toEqual([...emissions].sort())
    expect(await at('espalier run --exec')).toEqual(['--executor'])
    expect((await at('espalier completion ')).toSorted()).toEqual(['bash', 'fish', 'zsh'])
  })

  it('refuses another shell', async () => {
    expect((await espalier(['completion', 'tcsh'])).code).toBe(2)
  })
})

describe('espalier explain', () => {
  it('says what a number means', async () => {
    expect((await espalier(['explain', 'e014'])).stdout).toMatch(/^E014 malformed-file: .*\nTry: /)
    const { stdout } = await espalier(['explain', 'bad-plan', '--json'])
    expect(JSON.parse(stdout)).toMatchObject({ number: 'E071', tag: 'bad-plan' })
    const { code, stderr } = await espalier(['explain', 'bad-plam'])
    expect([code, stderr]).toEqual([2, expect.stringContaining('Try: bad-plan')])
  })
})
