/**
 * What is on a photograph, over HTTP.
 *
 *   node server.js compiled 8080
 *   curl --data-binary @cat.jpg http://127.0.0.1:8080
 *
 * `compiled` is a folder that `espalier compile --out` wrote. `espalier serve` does more: batches, several models, metrics, gRPC.
 */
import { createServer } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { EspalierError, loadModel } from 'espalier'

const [folder = 'compiled', port = '8080'] = process.argv.slice(2)
const mostBytes = 10e6

// Requests that come at the same time are run as one batch, in a thread of its own: the server goes on listening.
const model = await loadModel(folder, { worker: true, join: 32, delay: 2 })

/** @type {(request: import('node:http').IncomingMessage) => Promise<readonly [status: number, body: object]>} */
const answer = async request => {
  if (!(Number(request.headers['content-length']) <= mostBytes))
    return [413, { error: `send one image with its length, at most ${mostBytes} bytes` }]
  try {
    const [{ best, certainty }] = await model.classify([await buffer(request)], { top: 3 })
    return [200, { best, certainty }]
  } catch (error) {
    // What cannot be decoded is the client's mistake; the message says what was seen and expected.
    if (error instanceof EspalierError) return [400, { error: error.message }]
    console.error(error)
    return [500, { error: 'see the log' }]
  }
}

const server = createServer(async (request, response) => {
  const [status, body] = await answer(request)
  response.writeHead(status, { 'content-type': 'application/json' }).end(`${JSON.stringify(body)}\n`)
})

server.listen(Number(port), '127.0.0.1', () => console.log(`http://127.0.0.1:${Object(server.address()).port}`))

process.once('SIGINT', () => {
  server.close(() => model.dispose())
  server.closeIdleConnections()
})
