import { availableParallelism } from 'node:os'
import { type Command, Option } from 'commander'
import { function as F } from 'fp-ts'
import { EspalierError } from '../../ir/index.ts'
import { sourceProblem } from '../base/error.ts'
import { type ModelOptions, openModel } from '../execute/model.ts'
import { backendNames } from '../runtime/backend-names.ts'
import type { Served, ServeOptions, Source } from '../serve/index.ts'
import { about } from './about.ts'
import { untilInterrupted } from './interrupt.ts'
import { modelNote } from './model-note.ts'
import {
  answersForm,
  classesFile,
  command,
  executionOptions,
  numberAboveZero,
  preprocessFile,
  sizeOption,
  weightsFile,
  wholeNumber,
} from './options.ts'
import { type CommandOutput, output } from './output.ts'
import { compiledFor, namedNetworks, type ServedFlags } from './served-networks.ts'
import type { Terminal } from './terminal.ts'

interface ServeFlags extends ServedFlags {
  readonly network?: readonly string[]
  readonly models?: string
  readonly host: string
  readonly port: number
  readonly grpcPort?: number
  readonly maxDelay: number
  readonly workers: number
  readonly maxQueue: number
  readonly maxBody: number
  readonly maxPixels: number
  readonly timeout: number
  readonly grace: number
  readonly poll: number
}

/** The variable that holds the token which clients must bring. */
const tokenVariable = 'ESPALIER_TOKEN'

const megabyte = 2 ** 20

const port = wholeNumber(0, 65_535)

/** Why a server cannot listen, by the system's names. */
const refusals: Readonly<Record<string, string>> = {
  EADDRINUSE: 'an address that another server has',
  EADDRNOTAVAIL: 'an address that this machine does not have',
  ENOTFOUND: 'a host that nobody knows',
  EACCES: 'a port that takes privileges',
}

/** What stood in the way of listening, told as what was asked for. */
const cannotListen = (error: Error, { host, port, grpcPort }: ServeFlags): Error => {
  const code = /\bE[A-Z]+\b/.exec(error.message)?.[0] ?? ''
  if (!(code in refusals)) return error
  const asked = `--host ${host} --port ${port}${grpcPort === undefined ? '' : ` --grpc-port ${grpcPort}`}`
  const seen = `${refusals[code]} (${error.message.split('\n')[0]})`
  return new EspalierError([sourceProblem('bad-input', asked, seen, 'what is free here; port 0 is any that is')])
}

/** The server as the flags say; what it imports is loaded for this command alone. */
const opened = async (flags: ServeFlags, out: CommandOutput): Promise<Served> => {
  const { decodePool, lineOf, modelsFolder, serve, servedModel, tryOut } = await import('../serve/index.ts')
  const { network = [], models, maxQueue, maxPixels } = flags
  const { backend, executor, precision, debug, maxBatch, maxDelay, workers } = flags
  if ((models === undefined) === (network.length === 0))
    throw new EspalierError([
      sourceProblem('bad-input', '--network, --models', models === undefined ? 'neither' : 'both', 'one of them'),
    ])
  const source: ServeOptions['source'] = (onBatch): Source => {
    const executionOf = (name: string): ModelOptions => ({
      ...{ backend, executor, precision, debug, workers, note: out.note },
      ...{ batch: maxBatch, join: maxBatch, delay: maxDelay },
      onBatch: batch => onBatch(name, batch),
    })
    if (models !== undefined) return modelsFolder(models, executionOf)
    const named = namedNetworks(network)
    return async () =>
      new Map(
        [...named].map(([name, reference]) => {
          const open = async () => {
            const model = await openModel(await compiledFor(reference, flags, out), executionOf(name))
            const served = servedModel(name, '1', model)
            await tryOut(served)
            return served
          }
          return [name, [{ version: '1', mark: '', open }]]
        }),
      )
  }
  return serve({
    source,
    events: {
      onOpened: ({ name, version, model }) => {
        const decodes =
          model.meaning.preprocess === undefined ? ' It takes tensors alone: for images, --preprocess.' : ''
        out.note(`${name}, version ${version}: ${modelNote(model)}${decodes}`)
      },
      onBroken: (name, version, error) => {
        if (models === undefined) throw error
        const why = error instanceof EspalierError ? lineOf(error.problems[0]) : (error as Error).message
        out.note(`${name}, version ${version}, does not open: ${why}`)
      },
      onGone: (name, version) => out.note(`${name}, version ${version}: no longer served.`),
    },
    decoder: decodePool({
      workers: Math.min(4, Math.max(1, availableParallelism() - 1)),
      queue: maxQueue,
      timeout: flags.timeout * 1000,
      mostPixels: maxPixels * 1e6,
    }),
    limits: {
      ...{ maxBatch, maxQueue, maxBody: flags.maxBody * megabyte, timeout: flags.timeout * 1000 },
      maxHeld: 4 * flags.maxBody * megabyte,
    },
    token: process.env[tokenVariable],
    log: {
      level: flags.debug === true ? 'debug' : flags.quiet === true ? 'warn' : 'info',
      write: flags.json === true ? out.terminal.stderr : (out.terminal.log ?? out.terminal.stdout),
    },
  })
}

const run = async (flags: ServeFlags, out: CommandOutput): Promise<void> => {
  const served = await opened(flags, out)
  await untilInterrupted(async signal => {
    try {
      const { host, poll } = flags
      const { port, grpcPort } = await served.listen(flags).catch(error => {
        throw cannotListen(error, flags)
      })
      const names = served.service.models.names()
      const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}`
      const listening = { url, grpc_port: grpcPort ?? null, models: names }
      if (flags.json === true) out.result(listening, () => '')
      const grpc = grpcPort === undefined ? '' : `, gRPC on port ${grpcPort}`
      out.note(`Listening on ${url}${grpc}: ${names.join(', ') || 'no model yet'}.`)
      const again = setInterval(
        () => served.service.models.refresh().catch(error => out.note(error.message)),
        poll * 1000,
      )
      await new Promise(resolve => signal.addEventListener('abort', resolve))
      clearInterval(again)
    } finally {
      await served.end(signal.aborted ? flags.grace * 1000 : 0)
    }
  })
}

const limitOptions = (c: Command): Command =>
  c
    .addOption(
      new Option('--max-batch <n>', 'images in a batch, and in a request, at most')
        .argParser(wholeNumber(1))
        .default(32),
    )
    .addOption(
      new Option('--max-delay <ms>', 'milliseconds that images wait for others').argParser(wholeNumber(0)).default(2),
    )
    .addOption(
      new Option(
        '--workers <n>',
        'threads that run each model, each with the weights for itself; 0: the server’s own, which does not listen meanwhile',
      )
        .argParser(wholeNumber(0))
        .default(1),
    )
    .addOption(
      new Option('--max-queue <n>', 'requests of a model that are under way; more are told to come again')
        .argParser(wholeNumber(1))
        .default(256),
    )
    .addOption(new Option('--max-body <mb>', 'megabytes of a request, at most').argParser(wholeNumber(1)).default(64))
    .addOption(
      new Option('--max-pixels <mp>', 'megapixels of an encoded image, at most').argParser(numberAboveZero).default(25),
    )
    .addOption(
      new Option('--timeout <s>', 'seconds from the head of a request to its answer')
        .argParser(numberAboveZero)
        .default(30),
    )
    .addOption(
      new Option('--grace <s>', 'seconds between not being ready and taking no more, after SIGTERM')
        .argParser(wholeNumber(0))
        .default(1),
    )
    .addOption(
      new Option('--poll <s>', 'seconds between looks for new versions under --models')
        .argParser(numberAboveZero)
        .default(2),
    )

/** `espalier serve`: networks over the Open Inference Protocol, by REST and gRPC, until SIGTERM or Ctrl-C. */
export const serveCommand = (terminal: Terminal): Command =>
  F.pipe(
    command('serve', about.serve, 'espalier serve --network compiled/ --port 8000 --grpc-port 8001')
      .option(
        '--network <networks...>',
        'compiled folders, or what --network takes elsewhere; served under their own names',
      )
      .option('--models <dir>', 'a folder for each model, with its versions as compiled folders: DIR/NAME/1')
      .option('--plan <plan>', 'where to branch networks that are not compiled (default: vanilla)')
      .option('--weights <file>', weightsFile)
      .addOption(sizeOption())
      .option('--preprocess <file>', preprocessFile)
      .option('--classes <file>', classesFile)
      .option('--answers <kinds>', answersForm)
      .option('--host <host>', 'the address to listen on; 0.0.0.0 is every one', '127.0.0.1')
      .addOption(new Option('--port <n>', 'of HTTP; 0 is any that is free').argParser(port).default(8000))
      .addOption(new Option('--grpc-port <n>', 'of gRPC; 0 is any that is free (default: no gRPC)').argParser(port)),
    limitOptions,
    executionOptions([...backendNames, 'reference'], 'as run has them; auto: the fastest here'),
  ).action(async (flags: ServeFlags) => run(flags, output(flags, terminal)))
