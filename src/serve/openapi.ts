/** What the page at /docs says of each address: JSON schemas by which nothing is checked or written, so that they cannot cost a request anything. */

const text = { type: 'string' } as const
const object = (properties: object, required: readonly string[] = Object.keys(properties)) => ({
  type: 'object',
  properties,
  required,
})
const list = (items: object, more: object = {}) => ({ type: 'array', items, ...more })

const error = (description: string) => ({ description, ...object({ error: text }) })
const tensorFacts = { name: text, datatype: text, shape: list({ type: 'integer' }) }
const parameters = { type: 'object', additionalProperties: true }

const refusals = {
  401: error('The bearer token is missing or another one.'),
  404: error('There is no such model, or version.'),
  503: error('Not ready.'),
}
const workRefusals = {
  400: error('The request does not fit the model.'),
  ...refusals,
  408: error('The body came too slowly.'),
  413: error('The body, or the image, is too large.'),
  500: error('An error of the server.'),
  503: error('Too much at once: try again after Retry-After.'),
  504: error('No answer in time.'),
}

const ok = (description: string, schema: object) => ({ 200: { description, ...schema } })

export const schemas = {
  live: {
    tags: ['health'],
    summary: 'Whether the server runs',
    response: ok('It does.', object({ live: { type: 'boolean' } })),
  },
  ready: {
    tags: ['health'],
    summary: 'Whether all models are open, and the server is not about to end',
    response: {
      ...ok('They are.', object({ ready: { type: 'boolean' } })),
      503: { description: 'They are not.', ...object({ ready: { type: 'boolean' } }) },
    },
  },
  server: {
    tags: ['server'],
    summary: 'What the server is',
    response: {
      ...ok('Its name and version.', object({ name: text, version: text, extensions: list(text) })),
      401: refusals[401],
    },
  },
  metrics: {
    tags: ['server'],
    summary: 'Metrics for Prometheus',
    produces: ['text/plain'],
    response: { 200: { description: 'Text.', content: { 'text/plain': { schema: text } } }, 401: refusals[401] },
  },
}

const inferRequest = object(
  {
    id: text,
    parameters,
    inputs: list(object({ ...tensorFacts, parameters, data: list({}) }, ['name', 'datatype', 'shape']), {
      minItems: 1,
      maxItems: 1,
    }),
    outputs: list(object({ name: text, parameters }, ['name'])),
  },
  ['inputs'],
)

const inferResponse = object(
  {
    ...{ model_name: text, model_version: text, id: text },
    outputs: list(object({ ...tensorFacts, parameters, data: list({}) }, ['name', 'datatype', 'shape'])),
  },
  ['model_name', 'model_version', 'outputs'],
)

const image = { type: 'string', format: 'binary' }

/** The addresses of a model, with or without a version. */
export const documented = (versioned: boolean) => {
  const params = object(versioned ? { name: text, version: text } : { name: text })
  const tags = ['models']
  return {
    model: {
      ...{ tags, params, summary: 'The inputs and outputs of a model' },
      response: {
        ...ok(
          'They are.',
          object({
            ...{ name: text, versions: list(text), platform: text },
            ...{ inputs: list(object(tensorFacts)), outputs: list(object(tensorFacts)) },
          }),
        ),
        ...refusals,
      },
    },
    modelReady: {
      ...{ tags, params, summary: 'Whether a model is open' },
      response: { ...ok('It is.', object({ name: text, ready: { type: 'boolean' } })), ...refusals },
    },
    infer: {
      ...{ tags, params, summary: 'Tensors in, tensors out; as bytes behind the JSON, too' },
      body: {
        content: {
          'application/json': { schema: inferRequest },
          'application/octet-stream': { schema: image },
        },
      },
      response: {
        200: {
          description: 'Outputs; with bytes, their JSON is as long as Inference-Header-Content-Length says.',
          content: { 'application/json': { schema: inferResponse }, 'application/octet-stream': { schema: image } },
        },
        ...workRefusals,
      },
    },
    classify: {
      ...{ tags, params, summary: 'An image in, its likeliest classes out' },
      querystring: object({ k: { type: 'integer', minimum: 1, maximum: 999999, default: 5 } }, []),
      body: {
        content: Object.fromEntries(
          ['image/jpeg', 'image/png', 'image/webp', 'application/octet-stream'].map(type => [type, { schema: image }]),
        ),
      },
      response: {
        ...ok(
          'What it shows.',
          object({
            ...{ model_name: text, model_version: text },
            best: list(object({ label: text, index: { type: 'integer' }, score: { type: 'number' } })),
            ...{ certainty: { type: 'number' }, stage: { type: 'integer' } },
          }),
        ),
        ...workRefusals,
        415: error('No JPEG, PNG or WebP image.'),
        422: error('An image that cannot be decoded, or has no answer.'),
      },
    },
  }
}
