import { Command } from 'commander'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { EspalierError, problem } from '../../../ir/index.ts'
import { warn } from '../../../src/base/warn.ts'
import { guardProcess, reportError } from '../../../src/cli/report-error.ts'
import { processTerminal } from '../../../src/cli/terminal.ts'

let said: string
beforeEach(() => {
  said = ''
  vi.spyOn(process.stderr, 'write').mockImplementation(text => {
    said += text
    return true
  })
})
afterEach(() => {
  vi.restoreAllMocks()
})

const wrong = new EspalierError([problem('bad-input', '--plan', 'x', 'y', 'z'), problem('bad-input', 'a', 'b', 'c')])

const full = Object.assign(new Error('ENOSPC: no space left on device, write'), {
  code: 'ENOSPC',
  syscall: 'write',
  path: '/a/b',
})

const commanderError = (args: readonly string[]): unknown => {
  try {
    new Command('espalier')
      .option('--json')
      .exitOverride()
      .configureOutput({ outputError: () => {} })
      .parse(args, { from: 'user' })
  } catch (error) {
    return error
  }
  return undefined
}

describe('an error under --json', () => {
  it.each([
    [
      'of the user',
      wrong,
      2,
      {
        kind: 'usage',
        problems: [
          { tag: 'bad-input', where: '--plan', seen: 'x', expected: 'y', hint: 'z' },
          { tag: 'bad-input', where: 'a', seen: 'b', expected: 'c' },
        ],
      },
    ],
    ['that is a failure', new EspalierError([problem('run-failed', 'w', 's', 'e')], 'failure'), 1, { kind: 'failure' }],
    [
      'of arguments',
      commanderError(['--jso']),
      2,
      {
        kind: 'usage',
        problems: [
          {
            tag: 'bad-arguments',
            where: 'the command line',
            seen: "unknown option '--jso'",
            expected: 'arguments that --help lists',
            hint: '--json',
          },
        ],
      },
    ],
    [
      'of the machine',
      full,
      1,
      {
        kind: 'failure',
        problems: [
          {
            tag: 'system-error',
            where: '/a/b',
            seen: 'a full disk',
            expected: 'a machine that does what it is asked to',
          },
        ],
      },
    ],
    ['that nobody expected', new TypeError('x is not y'), 1, { kind: 'failure', problems: [{ tag: 'unexpected' }] }],
    ['that is no Error', 'thrown', 1, { kind: 'failure', problems: [{ tag: 'unexpected', seen: 'thrown' }] }],
  ])('%s is one object on one line', async (_, error, code, expected) => {
    expect(await reportError(error, { json: true, debug: false }, processTerminal)).toBe(code)
    expect(said.trimEnd().split('\n')).toHaveLength(1)
    expect(JSON.parse(said)).toMatchObject({ error: expected })
    expect(said).not.toContain('stack')
  })

  it('has its stack with --debug', async () => {
    await reportError(wrong, { json: true, debug: true }, processTerminal)
    expect(JSON.parse(said).error.stack).toMatch(/report-error\.test/)
  })
})

describe('an error as text', () => {
  it('of the machine is no bug', async () => {
    expect(await reportError(full, { json: false, debug: false }, processTerminal)).toBe(1)
    expect(said).toBe(
      'espalier: /a/b: saw a full disk; expected a machine that does what it is asked to.\nMore: espalier explain E006\n',
    )
  })
})

describe('a guarded process', () => {
  const streams: readonly NodeJS.EventEmitter[] = [process, process.stdout, process.stderr]
  const standing = streams.map(stream => stream.eventNames().map(name => [name, stream.listeners(name)] as const))
  afterEach(() => {
    streams.forEach((stream, k) => {
      for (const name of ['error', 'warning', 'uncaughtException']) {
        stream.removeAllListeners(name)
        const before = standing[k].find(([known]) => known === name)?.[1] ?? []
        for (const listener of before) stream.on(name, listener as () => void)
      }
    })
  })
  const exit = () => vi.spyOn(process, 'exit').mockReturnValue(undefined as never)

  it('ends without a word where nobody reads its result, as SIGPIPE would end it', () => {
    const ended = exit()
    guardProcess(processTerminal)
    process.stdout.emit('error', Object.assign(new Error('EPIPE'), { code: 'EPIPE' }))
    expect(ended).toHaveBeenCalledExactlyOnceWith(141)
    expect(said).toBe('')
  })

  it('fails where its result cannot be written', async () => {
    const ended = exit()
    guardProcess(processTerminal)
    process.stdout.emit('error', full)
    await vi.waitFor(() => expect(ended).toHaveBeenCalledExactlyOnceWith(1))
    expect(said).toBe(
      'espalier: stdout: saw a full disk; expected a place that can be written to.\nMore: espalier explain E013\n',
    )
  })

  it('goes on where its notes cannot be', () => {
    const ended = exit()
    guardProcess(processTerminal)
    process.stderr.emit('error', full)
    expect(ended).not.toHaveBeenCalled()
  })

  it.each([false, true])('notes warnings; quiet: %s', async quiet => {
    guardProcess({ ...processTerminal, args: quiet ? ['--quiet'] : [] })
    warn('The cache is not kept.')
    await new Promise(resolve => setImmediate(resolve))
    expect(said).toBe(quiet ? '' : 'The cache is not kept.\n')
  })
})
