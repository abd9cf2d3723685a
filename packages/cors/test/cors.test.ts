import { definePlugin, HttpError, Type, type HeaderMap } from '@sluice/kernel'
import { exercise, type ExerciseOptions } from '@sluice/testkit'
import { describe, expect, test } from 'vitest'
import { cors } from '../src/index.ts'

const app = 'https://app.example'

async function headersFor(config: object, origin?: string, options: ExerciseOptions = {}): Promise<HeaderMap> {
  const { reply } = await exercise(cors, config, { headers: origin === undefined ? {} : { origin } }, options)
  const ours = Object.entries(reply.headers).filter(([name]) => name === 'vary' || name === 'timing-allow-origin' || name.startsWith('access-control-'))
  return Object.fromEntries(ours)
}

/** Who may read an answer: what the header says to a page of that origin. */
const grants = async (config: object, origin?: string, options?: ExerciseOptions): Promise<unknown> =>
  (await headersFor(config, origin, options))['access-control-allow-origin']

/** As an authenticating plugin would, which stands behind. */
const refusing = definePlugin({
  name: 'refusing',
  priority: 2500,
  schema: Type.Object({}),
  setup: () => ({
    rewrite: () => {
      throw new HttpError(401, 'no_key', 'no key')
    },
  }),
})

/** An answerer that fails where anybody asks it. */
const broken = (): never => {
  throw new Error('broken')
}

test('it lets everybody read by default', async () => {
  const everybody = {
    'access-control-allow-origin': '*',
    'access-control-allow-methods': '*',
    'access-control-allow-headers': '*',
    'access-control-max-age': '5',
  }
  expect(await headersFor({}, app)).toEqual(everybody)
  expect(await headersFor({})).toEqual(everybody)
})

describe('a preflight', () => {
  const preflight = {
    method: 'OPTIONS',
    headers: { origin: app, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization,x-a' },
  }

  test('is answered before authentication, and nobody behind hears of it', async () => {
    const { reply, outcome } = await exercise(cors, { allow_origins: app, max_age: 600 }, preflight, { behind: [refusing], answer: broken })
    expect([reply.status, reply.body, outcome]).toEqual([200, '', 'complete'])
    expect(reply.headers).toMatchObject({ 'access-control-allow-origin': app, 'access-control-max-age': '600', vary: 'Origin' })
  })

  test('is granted what it asks for with **', async () => {
    const config = { allow_origins: '**', allow_methods: '**', allow_headers: '**', allow_credential: true }
    const { reply } = await exercise(cors, config, preflight)
    expect(reply.headers).toMatchObject({
      'access-control-allow-origin': app,
      'access-control-allow-methods': 'GET,POST,PUT,DELETE,PATCH,HEAD,OPTIONS,CONNECT,TRACE',
      'access-control-allow-headers': 'authorization,x-a',
      'access-control-allow-credentials': 'true',
    })
  })

  test('of another origin is granted nothing', async () => {
    const { reply } = await exercise(cors, { allow_origins: 'https://else.example' }, preflight)
    expect(reply).toMatchObject({ status: 200, headers: { vary: 'Origin' } })
    expect(reply.headers['access-control-allow-origin']).toBeUndefined()
    expect(reply.headers['access-control-allow-methods']).toBeUndefined()
  })
})

test('refusals and errors carry its headers, so that a page can read them', async () => {
  const request = { headers: { origin: app } }
  expect((await exercise(cors, {}, request, { behind: [refusing] })).reply).toMatchObject({
    status: 401,
    headers: { 'access-control-allow-origin': '*' },
  })
  expect((await exercise(cors, {}, request, { answer: broken })).reply).toMatchObject({
    status: 500,
    headers: { 'access-control-allow-origin': '*' },
  })
})

test('it tells the origins of a list apart', async () => {
  const config = { allow_origins: `${app},http://localhost:3000` }
  expect(await grants(config, app)).toBe(app)
  expect(await grants(config, 'http://localhost:3000')).toBe('http://localhost:3000')
  for (const other of ['https://app.example.evil', 'http://app.example', 'null', undefined]) {
    expect(await headersFor(config, other)).toEqual({ vary: 'Origin' })
  }
})

test('it knows origins by patterns, which stand in place of the list', async () => {
  const config = { allow_origins: '*', allow_origins_by_regex: ['^https://[a-z]+\\.example$', '^null$'] }
  expect(await grants(config, app)).toBe(app)
  expect(await grants(config, 'null')).toBe('null')
  expect(await grants(config, 'https://app.example.evil')).toBeUndefined()
  expect(await grants(config)).toBeUndefined()
})

test('it knows origins by their names in the metadata, beside the list or alone', async () => {
  const metadata = { allow_origins: { APP: app, LOCAL: 'http://localhost:1,http://localhost:2' } }
  const named = { allow_origins_by_metadata: ['APP', 'LOCAL', 'NOBODY'] }
  expect(await grants(named, app, { metadata })).toBe(app)
  expect(await grants(named, 'http://localhost:2', { metadata })).toBe('http://localhost:2')
  expect(await grants(named, 'https://b.example', { metadata })).toBeUndefined()
  expect(await grants({ ...named, allow_origins: 'https://b.example' }, 'https://b.example', { metadata })).toBe('https://b.example')
})

test('it drops what the upstream says of the matter, and adds to its Vary', async () => {
  const answer = {
    status: 200,
    headers: { 'access-control-allow-origin': '*', 'access-control-allow-credentials': 'true', vary: 'Accept-Encoding' },
    body: 'ok',
  }
  expect(await headersFor({ allow_origins: app }, 'https://evil.example', { answer })).toEqual({ vary: 'Accept-Encoding, Origin' })
  const varied = { ...answer, headers: { vary: 'origin' } }
  expect((await headersFor({ allow_origins: app }, app, { answer: varied }))['vary']).toBe('origin')
})

test('it says which headers may be read, and who may see how long an answer took', async () => {
  const config = { expose_headers: 'x-a,x-b', timing_allow_origins: `${app},https://b.example` }
  expect(await headersFor(config, app)).toMatchObject({ 'access-control-expose-headers': 'x-a,x-b', 'timing-allow-origin': app, vary: 'Origin' })
  expect((await headersFor(config, 'https://c.example'))['timing-allow-origin']).toBeUndefined()
  const byPattern = { timing_allow_origins_by_regex: ['\\.example$'] }
  expect((await headersFor(byPattern, app))['timing-allow-origin']).toBe(app)
})

test.for([
  [{ allow_credential: true }, "plugins.cors.allow_origins: must not be '*' where allow_credential is true"],
  [{ allow_credential: true }, "plugins.cors.allow_headers: must not be '*' where allow_credential is true"],
  [{ allow_credential: true, allow_origins: app, expose_headers: '*' }, "plugins.cors.expose_headers: must not be '*'"],
  [{ allow_origins: 'example.com' }, 'plugins.cors.allow_origins: must be *, **, null, or origins such as'],
  [{ allow_origins: `${app}, https://b.example` }, 'plugins.cors.allow_origins: must be *, **, null, or origins such as'],
  [{ allow_headers: 'a\r\nset-cookie: x' }, 'plugins.cors.allow_headers: must be made of printable ASCII characters'],
  [{ allow_origins_by_regex: ['^a$', '(?=a)'] }, 'plugins.cors.allow_origins_by_regex[1]: invalid pattern'],
  [{ allow_origin: '*' }, 'plugins.cors.allow_origin: is not a known field; did you mean allow_origins?'],
] as const)('%j is refused', async ([config, problem]) => {
  await expect(exercise(cors, config, {})).rejects.toThrow(problem)
})

test('with credentials, patterns need no list beside them', async () => {
  const config = { allow_credential: true, allow_methods: 'GET', allow_headers: 'x-a', allow_origins_by_regex: ['^https://app'] }
  expect(await headersFor(config, app)).toMatchObject({ 'access-control-allow-origin': app, 'access-control-allow-credentials': 'true' })
})
