import { describe, expect, test } from 'vitest'
import type { Resolved } from '../src/index.ts'
import { resolve, routes, upstream } from './fixture.ts'

const tagOf = (resolved: Resolved): unknown[] =>
  resolved.routes[0]!.plugins.map(({ plugin, config, owner, meta }) => [
    plugin.name,
    (config as { value?: string }).value,
    `${owner.kind}/${owner.id}`,
    meta.disable,
  ])

describe('merge order', () => {
  const own = { tag: { value: 'route' } }
  const config = { tag: { value: 'config' }, label: { value: 'config' } }
  const service = { tag: { value: 'service' }, label: { value: 'service' }, answer: {} }
  const everything = (plugins?: object): object => ({
    ...routes({ service_id: 's', plugin_config_id: 'p', ...(plugins && { plugins }) }),
    services: [{ id: 's', plugins: service }],
    plugin_configs: [{ id: 'p', plugins: config }],
  })

  test.for([
    [
      'the route wins over the plugin config, which wins over the service',
      everything(own),
      [
        ['tag', 'route', 'route/r0', false],
        ['label', 'config', 'plugin_config/p', false],
        ['answer', undefined, 'service/s', false],
      ],
    ],
    [
      'what the route does not name comes from below',
      everything(),
      [
        ['tag', 'config', 'plugin_config/p', false],
        ['label', 'config', 'plugin_config/p', false],
        ['answer', undefined, 'service/s', false],
      ],
    ],
    [
      'a disabled plugin hides what is below it',
      everything({ tag: { _meta: { disable: true } } }),
      [
        ['tag', undefined, 'route/r0', true],
        ['label', 'config', 'plugin_config/p', false],
        ['answer', undefined, 'service/s', false],
      ],
    ],
  ] as const)('%s', ([, value, expected]) => {
    expect(tagOf(resolve(value))).toEqual(expected)
  })

  test('_meta stays with the configuration that it belongs to', () => {
    const value = {
      ...routes({ service_id: 's', plugins: { tag: { value: 'route' } } }),
      services: [{ id: 's', plugins: { tag: { value: 'service', _meta: { priority: 99 } } } }],
    }
    expect(resolve(value).routes[0]!.plugins[0]!.meta.priority).toBeUndefined()
  })

  test('routes that inherit share what is prepared', () => {
    const value = {
      ...routes({ service_id: 's' }, { service_id: 's', plugins: {} }),
      services: [{ id: 's', plugins: service, upstream }],
    }
    const [first, second] = resolve(value).routes
    expect(first!.plugins).toHaveLength(4)
    first!.plugins.forEach((prepared, index) => expect(second!.plugins[index]).toBe(prepared))
  })

  test.for([
    [{ hosts: ['own'] }, ['own']],
    [{ host: 'own' }, ['own']],
    [{}, ['shared']],
  ] as const)('the hosts of %j', ([written, hosts]) => {
    const value = { ...routes({ service_id: 's', ...written }), services: [{ id: 's', hosts: ['shared'] }] }
    expect(resolve(value).routes[0]!.hosts).toEqual(hosts)
  })

  test('name and labels come from the service where the route has none', () => {
    const services = [{ id: 's', name: 'shared', labels: { a: '1' } }]
    const [bare, named] = resolve({
      ...routes({ service_id: 's' }, { service_id: 's', name: 'own', labels: { b: '2' } }),
      services,
    }).routes
    expect(bare).toMatchObject({
      info: { id: 'r0', name: 'shared', serviceId: 's', serviceName: 'shared' },
      labels: { a: '1' },
    })
    expect(named!.info).toEqual({ id: 'r1', name: 'own', serviceId: 's', serviceName: 'shared' })
    expect(named!.labels).toEqual({ b: '2' })
  })

  test.for([
    ['its own', { upstream: { nodes: { own: 1 } }, service_id: 's' }, 'own', 'route/r0'],
    ['the one that it names', { upstream_id: 'u', service_id: 's' }, 'named', 'upstream/u'],
    ["its service's", { service_id: 's' }, 'shared', 'service/s'],
    ['the one that its service names', { service_id: 't' }, 'named', 'upstream/u'],
  ] as const)('a route uses %s upstream', ([, written, host, owner]) => {
    const value = {
      ...routes(written),
      services: [
        { id: 's', upstream: { nodes: { shared: 1 } } },
        { id: 't', upstream_id: 'u' },
      ],
      upstreams: [{ id: 'u', nodes: { named: 1 } }],
    }
    const [prepared] = resolve(value).routes[0]!.plugins
    expect(prepared!.plugin.name).toBe('http-proxy')
    expect(prepared!.config).toMatchObject({ nodes: [{ host, port: 80 }] })
    expect(`${prepared!.owner.kind}/${prepared!.owner.id}`).toBe(owner)
  })

  test("a route's timeout replaces its upstream's, and routes with the same one share it", () => {
    const timeout = { connect: 1, send: 2, read: 3.5 }
    const value = {
      ...routes({ upstream_id: 'u' }, { upstream_id: 'u', timeout }, { upstream_id: 'u', timeout }),
      upstreams: [{ id: 'u', ...upstream }],
    }
    const [plain, first, second] = resolve(value).routes.map(({ plugins }) => plugins[0]!)
    expect(plain!.config).toMatchObject({ timeout: { connect: 60, send: 60, read: 60 } })
    expect(first!.config).toMatchObject({ timeout })
    expect(second).toBe(first)
    expect(first!.identity).not.toBe(plain!.identity)
  })
})
