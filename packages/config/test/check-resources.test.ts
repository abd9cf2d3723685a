import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { checkResources, parseConfig } from '../src/index.ts'
import { envOf, kernelOf, problems, resolve, routes, upstream } from './fixture.ts'

describe('checkResources', () => {
  test("accepts the seed's file as it stands", () => {
    const { value, issues } = parseConfig(readFileSync(new URL('fixtures/seed.yaml', import.meta.url), 'utf8'))
    expect(issues).toEqual([])
    const [chat] = resolve(value).routes
    expect(chat).toMatchObject({ info: { id: 'openai-chat' }, uris: ['/v1/chat/completions'], methods: ['POST'] })
    expect(chat!.plugins[0]!.config).toMatchObject({ provider: 'openai', options: { temperature: 0.7 } })
  })

  test.for([
    ['nothing but a version', { version: 1 }],
    ['empty collections', { routes: null, services: [], gateway: null, plugin_metadata: null }],
    ['a route with plugins that do nothing', routes({ plugins: {} })],
    [
      'a route with a plugin config alone',
      { ...routes({ plugin_config_id: 'p' }), plugin_configs: [{ id: 'p', plugins: {} }] },
    ],
    [
      'ids that are integers, and references to them as text',
      { ...routes({ id: 7, service_id: '1' }), services: [{ id: 1 }] },
    ],
    [
      'a name in place of an id',
      { ...routes({ id: undefined, name: 'my route', service_id: 's' }), services: [{ name: 's' }] },
    ],
    ['what dumps carry', routes({ plugins: {}, create_time: 1, update_time: 2, labels: { team: 'a' }, desc: '' })],
    ['plugin metadata as a map', { plugin_metadata: { fragile: { limit: 1 } } }],
    ['plugin metadata as a list', { plugin_metadata: [{ id: 'fragile', limit: 1, create_time: 1 }] }],
    [
      'a disabled plugin that is not valid',
      routes({ plugins: { fragile: { _meta: { disable: true }, secret: '$env://NONE' } } }),
    ],
    [
      'hosts and addresses',
      routes({ plugins: {}, hosts: ['*', '*.a.com', '[::1]:80'], remote_addrs: ['10.0.0.0/8', '::1'] }),
    ],
  ] as const)('accepts %s', ([, value]) => {
    expect(problems(JSON.parse(JSON.stringify(value)))).toEqual([])
  })

  test.for([
    ['a text for a file', 'x', [': must be an object']],
    ['a list for a file', [], [': must be an object']],
    ['strangers', { rotues: [] }, ['rotues: is not a known field; did you mean routes?']],
    [
      'credentials of their own',
      { credentials: [] },
      ['credentials: is not a known field; a credential is an entry of consumers, with the id <username>/credentials/<id>'],
    ],
    ['a version that is neither', { version: true }, ['version: must be a string or a number']],
    ['a collection that is no list', { routes: { a: 1 } }, ['routes: must be a list']],
    ['a route that is no object', { routes: ['x'] }, ['routes[0]: must be an object']],
    [
      'a route without an id',
      { routes: [{ uri: '/x', plugins: {} }] },
      ['routes[0].id: is required where there is no name'],
    ],
    ['a bad id', routes({ id: 'a b', plugins: {} }), ["routes[0].id: must be of letters, digits, '.', '_' and '-'"]],
    [
      'the same id twice',
      routes({ id: 1, plugins: {} }, { id: '1', plugins: {} }),
      ['routes[1].id: 1 is the id of routes[0] already'],
    ],
    ['strangers on a route', routes({ plugins: {}, uir: '/' }), ['routes[0].uir: is not a known field; did you mean uri?']],
    [
      'what routes have elsewhere',
      routes({ plugins: {}, filter_func: 'function() end', script: 'x', script_id: 1, enable_websocket: true }),
      ['filter_func', 'script', 'script_id', 'enable_websocket'].map(
        (field) => `routes[0].${field}: is not supported yet`,
      ),
    ],
    ['no uri', { routes: [{ id: 'a', plugins: {} }] }, ['routes[0]: needs one of uri or uris']],
    ['both', routes({ plugins: {}, uris: ['/y'] }), ['routes[0]: only one of uri or uris is allowed']],
    [
      'host and hosts',
      routes({ plugins: {}, host: 'a', hosts: ['b'] }),
      ['routes[0]: only one of host or hosts is allowed'],
    ],
    [
      'remote_addr and remote_addrs',
      routes({ plugins: {}, remote_addr: '::1', remote_addrs: ['::2'] }),
      ['routes[0]: only one of remote_addr or remote_addrs is allowed'],
    ],
    [
      'upstream and upstream_id',
      { ...routes({ upstream, upstream_id: 'u' }), upstreams: [{ id: 'u', ...upstream }] },
      ['routes[0]: only one of upstream or upstream_id is allowed'],
    ],
    [
      'nothing that serves',
      routes({}),
      ['routes[0]: needs at least one of plugins, upstream, upstream_id, service_id, plugin_config_id'],
    ],
    [
      'bad addresses',
      routes({ plugins: {}, remote_addrs: ['::1', '10.0.0.0/33'] }),
      [expect.stringMatching(/^routes\[0\]\.remote_addrs\[1\]: must be an IPv4/)],
    ],
    ['a bad uri', routes({ plugins: {}, uri: 'x' }), [expect.stringMatching(/^routes\[0\]\.uri: /)]],
    [
      'a bad uri among several',
      { routes: [{ id: 'a', uris: ['/a', 'b'], plugins: {} }] },
      [expect.stringMatching(/^routes\[0\]\.uris\[1\]: /)],
    ],
    [
      'methods that are none',
      routes({ plugins: {}, methods: ['get'] }),
      [expect.stringMatching(/^routes\[0\]\.methods\[0\]: must be one of GET, POST/)],
    ],
    [
      'a bare triple',
      routes({ plugins: {}, vars: ['arg_a', '==', '1'] }),
      ["routes[0].vars: failed to validate the 'vars' expression: rule should be wrapped inside brackets"],
    ],
    [
      'a bad operator',
      routes({
        plugins: {},
        vars: [
          ['arg_a', '==', '1'],
          ['arg_a', '===', '1'],
        ],
      }),
      [
        expect.stringMatching(
          /^routes\[0\]\.vars\[1\].*: failed to validate the 'vars' expression: invalid operator '==='$/,
        ),
      ],
    ],
    [
      'GraphQL',
      routes({ plugins: {}, vars: [['graphql_name', '==', 'x']] }),
      ["routes[0].vars: failed to validate the 'vars' expression: the variable graphql_name is not supported yet"],
    ],
    [
      'GraphQL in a filter',
      routes({ plugins: { tag: { value: 'a', _meta: { filter: [['graphql_name', '==', 'x']] } } } }),
      [
        "routes[0].plugins.tag._meta.filter: failed to validate the 'filter' expression: the variable graphql_name is not supported yet",
      ],
    ],
    [
      'references to nothing',
      routes({ service_id: 'a', upstream_id: 1, plugin_config_id: 'c' }),
      [
        'routes[0].service_id: refers to service [a], which does not exist',
        'routes[0].plugin_config_id: refers to plugin config [c], which does not exist',
        'routes[0].upstream_id: refers to upstream [1], which does not exist',
      ],
    ],
    [
      "a service's reference to nothing",
      { services: [{ id: 's', upstream_id: 'u' }] },
      ['services[0].upstream_id: refers to upstream [u], which does not exist'],
    ],
    ['misspelt plugins', routes({ plugins: { Tag: {} } }), ['routes[0].plugins.Tag: unknown plugin [Tag]; did you mean tag?']],
    ['unknown plugins', routes({ plugins: { nope: {} } }), ['routes[0].plugins.nope: unknown plugin [nope]']],
    [
      'plugins that are known elsewhere',
      routes({ plugins: { 'key-auth': {} } }),
      ['routes[0].plugins.key-auth: is not supported yet'],
    ],
    [
      'the internal plugin',
      routes({ plugins: { 'http-proxy': {} } }),
      ['routes[0].plugins.http-proxy: unknown plugin [http-proxy]; write an upstream, and it is used'],
    ],
    [
      'bad plugin configurations, everywhere at once',
      {
        ...routes({ plugins: { tag: { value: 1 }, label: null } }),
        services: [{ id: 's', plugins: { tag: {} } }],
        plugin_configs: [{ id: 'p', plugins: { fragile: { secret: 'xyz', later: 1, never: 2 } } }],
        global_rules: [{ id: 'g', plugins: { tag: { value: 'a', _meta: { disabled: true } } } }],
      },
      [
        'services[0].plugins.tag.value: is required',
        'plugin_configs[0].plugins.fragile.later: is not supported yet',
        'plugin_configs[0].plugins.fragile.never: is not a known field',
        'routes[0].plugins.tag.value: must be string',
        'routes[0].plugins.label: must be an object',
        'global_rules[0].plugins.tag._meta.disabled: is not a known field; did you mean disable?',
      ],
    ],
    [
      'a plugin in two global rules',
      {
        global_rules: [
          { id: 'a', plugins: { tag: { value: '1' } } },
          { id: 'b', plugins: { tag: { value: '2' } } },
        ],
      },
      ['global_rules[1].plugins.tag: is in global rule [a] already; a plugin can be in one'],
    ],
    [
      'an answerer in a global rule',
      { global_rules: [{ id: 'a', plugins: { answer: {} } }] },
      [expect.stringMatching(/^global_rules\[0\]\.plugins\.answer: answers requests/)],
    ],
    ['a global rule without an id', { global_rules: [{ plugins: {} }] }, ['global_rules[0].id: is required']],
    ['a plugin config without plugins', { plugin_configs: [{ id: 'p' }] }, ['plugin_configs[0].plugins: is required']],
    ['bad metadata', { plugin_metadata: { fragile: { limit: 0 } } }, ['plugin_metadata.fragile.limit: must be >= 1']],
    [
      'metadata of nobody',
      { plugin_metadata: { nope: {}, tag: {} } },
      ['plugin_metadata.nope: unknown plugin [nope]', 'plugin_metadata.tag: plugin tag takes no metadata'],
    ],
    [
      'metadata twice',
      { plugin_metadata: [{ id: 'fragile', limit: 1 }, { id: 'fragile', limit: 2 }, {}] },
      ['plugin_metadata[1].id: fragile has metadata already', 'plugin_metadata[2].id: must be the name of a plugin'],
    ],
    [
      'a timeout that is not whole',
      routes({ plugins: {}, timeout: { connect: 1, read: 0 } }),
      ['routes[0].timeout.send: is required', 'routes[0].timeout.read: must be > 0'],
    ],
    ['status 2', routes({ plugins: {}, status: 2 }), ['routes[0].status: must be one of 0, 1']],
    ['labels that are no text', routes({ plugins: {}, labels: { a: 1 } }), ['routes[0].labels.a: must be string']],
    [
      'a service with hosts that are none',
      { services: [{ id: 's', hosts: ['a*'] }] },
      [expect.stringMatching(/^services\[0\]\.hosts\[0\]: must be a host name, /)],
    ],
  ] as const)('refuses %s', ([, value, expected]) => {
    const found = problems(JSON.parse(JSON.stringify(value)))
    expect(found).toEqual(expected)
  })

  test('runs no setup', () => {
    const diary: string[] = []
    expect(checkResources(routes({ plugins: { tag: { value: 'a' } } }), kernelOf(diary), envOf()).issues).toEqual([])
    expect(diary).toEqual([])
  })

  test('changes nothing of what it is given', () => {
    const value = routes({
      plugins: { tag: { value: '$env://V' } },
      upstream: { nodes: { a: 1 }, upstream_host: '$env://V' },
    })
    const before = structuredClone(value)
    resolve(value, { V: 'v' })
    expect(value).toEqual(before)
  })
})

test('a file of ten thousand routes with a problem each is checked without quadratic work', () => {
  const value = {
    routes: Array.from({ length: 10_000 }, (_, index) => ({
      id: `r${index}`,
      uri: '/x',
      plugins: {},
      vars: [1],
      service_id: 'x',
    })),
  }
  const before = performance.now()
  expect(problems(value)).toHaveLength(20_000)
  expect(performance.now() - before).toBeLessThan(20_000)
})
