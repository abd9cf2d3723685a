import { describe, expect, test } from 'vitest'
import { problems, resolve, routes, upstream } from './fixture.ts'

const withTag = (value: unknown): object => routes({ plugins: { tag: { value } } })
const valueOf = (written: unknown, env: Record<string, string>): unknown =>
  (resolve(withTag(written), env).routes[0]!.plugins[0]!.config as { value: unknown }).value

describe('references', () => {
  test.for([
    ['$env://KEY', { KEY: 'sk' }, 'sk'],
    ['$ENV://KEY', { KEY: 'sk' }, 'sk'],
    ['$env://KEY', { KEY: '' }, ''],
    ['$env://KEYS/openai', { KEYS: '{"openai":"sk"}' }, 'sk'],
    ['$env://KEYS/a/b', { KEYS: '{"a/b":"sk"}' }, 'sk'],
    ['$environment', {}, '$environment'],
    ['costs $5', {}, 'costs $5'],
  ] as const)('%s becomes its value', ([written, env, expected]) => {
    expect(valueOf(written, env)).toBe(expected)
  })

  test('a member of a JSON object keeps its type', () => {
    const value = routes({ plugins: { tag: { value: 'a', size: '$env://SIZES/small' } } })
    expect(resolve(value, { SIZES: '{"small":3}' }).routes[0]!.plugins[0]!.config).toEqual({ value: 'a', size: 3 })
  })

  test.for([
    ['$env://KEY', {}, 'environment variable KEY is not set'],
    ['$env://', {}, 'must name an environment variable: $env://NAME'],
    ['$env://KEY/a', { KEY: 'sk-123' }, 'environment variable KEY is not JSON, and "a" of it is asked for'],
    ['$env://KEY/a', { KEY: '{"b":"sk-123"}' }, 'environment variable KEY has no "a"'],
    ['$env://KEY/toString', { KEY: '{}' }, 'environment variable KEY has no "toString"'],
    ['$secret://vault/1/key', {}, 'a $secret:// reference is not supported yet'],
    ['$SECRET://vault/1/key', {}, 'a $secret:// reference is not supported yet'],
    [
      'Bearer $env://KEY',
      { KEY: 'sk-123' },
      'a $env:// or $secret:// reference must be the whole text, with nothing before it',
    ],
  ] as const)('%s is refused', ([written, env, message]) => {
    expect(problems(withTag(written), env)).toEqual([`routes[0].plugins.tag.value: ${message}`])
  })

  test('a value that does not fit is refused without being shown', () => {
    const found = problems(routes({ plugins: { fragile: { secret: '$env://KEY' } } }), { KEY: 'sk' })
    expect(found).toEqual(['routes[0].plugins.fragile.secret: must NOT have fewer than 3 characters'])
  })

  test('are found in upstreams, services, plugin metadata and the gateway section', () => {
    const missing = '$env://NONE'
    const found = problems({
      gateway: { admin: { key: missing }, listen: { port: missing } },
      plugin_metadata: { fragile: { limit: missing } },
      upstreams: [{ id: 'u', nodes: [{ host: missing, weight: 1 }], scheme: missing }],
      services: [{ id: 's', plugins: { tag: { value: missing } }, upstream: { ...upstream, upstream_host: missing } }],
    })
    expect(found.toSorted()).toEqual(
      [
        'gateway.admin.key',
        'gateway.listen.port',
        'plugin_metadata.fragile.limit',
        'services[0].plugins.tag.value',
        'services[0].upstream.upstream_host',
        'upstreams[0].nodes[0].host',
        'upstreams[0].scheme',
      ].map((path) => `${path}: environment variable NONE is not set`),
    )
  })
})
