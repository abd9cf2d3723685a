import { describe, expect, test } from 'vitest'
import { problems, resolve, routes, upstream } from './fixture.ts'

const configOf = (written: object, env?: Record<string, string>): unknown =>
  resolve(routes({ upstream: written }), env).routes[0]!.plugins[0]!.config

describe('upstreams', () => {
  test.for([
    [{ retries: 1 }, ['nodes: is required']],
    [{ ...upstream, nodes: 'a' }, ['nodes: must be object or array']],
    [{ ...upstream, type: 'chash' }, ['type: chash is not supported yet']],
    [{ ...upstream, type: 'x' }, ['type: must be one of roundrobin']],
    [{ ...upstream, scheme: 'grpc' }, ['scheme: grpc is not supported yet']],
    [
      { ...upstream, checks: {}, hash_on: 'vars', key: 'x', service_name: 'x', discovery_type: 'dns' },
      [
        'checks: is not supported yet',
        'hash_on: is not supported yet',
        'key: is not supported yet',
        'service_name: is not supported yet',
        'discovery_type: is not supported yet',
      ],
    ],
    [{ ...upstream, tls: { client_cert: 'x', verify: true } }, ['tls.client_cert: is not supported yet']],
    [{ ...upstream, pass_host: 'rewrite' }, ['upstream_host: is required where pass_host is rewrite']],
    [{ nodes: { 'a:b': 1 } }, ['nodes.a:b: must be host or host:port, an IPv6 address in brackets']],
    [{ nodes: { 'a:99999': 1 } }, ['nodes.a:99999: must be host or host:port, an IPv6 address in brackets']],
    [{ nodes: { 'a:1': -1 } }, ['nodes.a:1: must be >= 0']],
    [{ nodes: [{ host: 'a/b', weight: 1 }] }, ['nodes[0].host: must be a host name or an IP address']],
    [{ nodes: [{ host: 'a' }] }, ['nodes[0].weight: is required']],
    [{ ...upstream, timeout: { connect: 1 } }, ['timeout.send: is required', 'timeout.read: is required']],
  ] as const)('refuses the upstream %j wherever it is written', ([written, expected]) => {
    const at = (place: string): string[] => expected.map((problem) => `${place}.${problem}`)
    expect(problems({ upstreams: [{ id: 'u', ...written }] })).toEqual(at('upstreams[0]'))
    expect(problems({ services: [{ id: 's', upstream: written }] })).toEqual(at('services[0].upstream'))
    expect(problems(routes({ upstream: written }))).toEqual(at('routes[0].upstream'))
  })

  test('are completed with defaults', () => {
    expect(configOf(upstream)).toEqual({
      nodes: [{ host: 'a.example', port: 80, weight: 1, priority: 0 }],
      scheme: 'http',
      pass_host: 'pass',
      retry_timeout: 0,
      timeout: { connect: 60, send: 60, read: 60 },
      keepalive_pool: { size: 320, idle_timeout: 60, requests: 1000 },
      tls: { verify: false },
    })
  })

  test('keep what is written', () => {
    const written = {
      scheme: 'https',
      pass_host: 'rewrite',
      upstream_host: 'b.example',
      retries: 0,
      retry_timeout: 5,
      keepalive_pool: { size: 1 },
      tls: { verify: true },
    }
    expect(configOf({ ...upstream, ...written })).toMatchObject({
      ...written,
      keepalive_pool: { size: 1, idle_timeout: 60, requests: 1000 },
    })
  })

  test.for([
    [
      { 'a:81': 2, b: 0 },
      'http',
      [
        ['a', 81, 2, 0],
        ['b', 80, 0, 0],
      ],
    ],
    [
      { '[::1]:81': 1, '[::2]': 1, '::3': 1, '1.2.3.4': 1 },
      'https',
      [
        ['::1', 81, 1, 0],
        ['::2', 443, 1, 0],
        ['::3', 443, 1, 0],
        ['1.2.3.4', 443, 1, 0],
      ],
    ],
    [
      [
        { host: 'a', port: 8, weight: 3, priority: -1 },
        { host: '[::1]', weight: 1, metadata: { zone: 'x' } },
      ],
      'http',
      [
        ['a', 8, 3, -1],
        ['::1', 80, 1, 0],
      ],
    ],
    [[], 'http', []],
  ] as const)('bring the nodes %j into one spelling', ([nodes, scheme, expected]) => {
    const config = configOf({ nodes, scheme }) as {
      nodes: { host: string; port: number; weight: number; priority: number }[]
    }
    expect(config.nodes.map(({ host, port, weight, priority }) => [host, port, weight, priority])).toEqual(expected)
  })
})
