import { describe, expect, test } from 'vitest'
import { check, ConfigError, definePlugin, formatPath, isPlugin, Kernel, keyRing, oneOf, silent, Type, type Issue } from '../src/index.ts'
import { here, plugin, rig } from './rig.ts'

describe('check', () => {
  const schema = Type.Object(
    {
      kind: oneOf(['a', 'b']),
      name: Type.Optional(Type.String({ minLength: 1 })),
      code: Type.Optional(Type.String({ minLength: 3 })),
      count: Type.Integer({ minimum: 1, default: 7 }),
      list: Type.Optional(Type.Array(Type.Object({ 'a/b~c': Type.Integer() }))),
      map: Type.Optional(Type.Record(Type.String({ pattern: '^[a-z]+$' }), Type.Integer(), { additionalProperties: false, propertyNames: { pattern: '^[a-z]+$' } })),
      version: Type.Optional(Type.Literal(1)),
      key: Type.Optional(Type.String({ secret: true })),
    },
    { additionalProperties: false, unsupported: ['later'] },
  )

  test('it fills defaults into a copy', () => {
    const given = { kind: 'a' }
    expect(check(schema, given)).toEqual({ value: { kind: 'a', count: 7 }, issues: [] })
    expect(given).toEqual({ kind: 'a' })
  })

  test.for<[object, Issue['path'], string]>([
    [{ kind: 'c' }, ['kind'], 'must be one of a, b'],
    [{}, ['kind'], 'is required'],
    [{ kind: 'a', colour: 1 }, ['colour'], 'is not a known field'],
    [{ kind: 'a', cuont: 1 }, ['cuont'], 'is not a known field; did you mean count?'],
    [{ kind: 'a', latr: 1 }, ['latr'], 'is not a known field; did you mean later?'],
    [{ kind: 'a', later: 1 }, ['later'], 'is not supported yet'],
    [{ kind: 'a', constructor: 1 }, ['constructor'], 'is not a known field'],
    [{ kind: 'a', name: '' }, ['name'], 'must not be empty'],
    [{ kind: 'a', code: 'ab' }, ['code'], 'must NOT have fewer than 3 characters'],
    [{ kind: 'a', count: 0 }, ['count'], 'must be >= 1'],
    [{ kind: 'a', count: '1' }, ['count'], 'must be integer'],
    [{ kind: 'a', list: [{ 'a/b~c': 1 }, { 'a/b~c': 'x' }] }, ['list', 1, 'a/b~c'], 'must be integer'],
    [{ kind: 'a', map: { A: 1 } }, ['map', 'A'], 'is not a valid name here'],
    [{ kind: 'a', version: 2 }, ['version'], 'must be 1'],
  ])('%j', ([value, path, message]) => {
    expect(check(schema, value, ['root']).issues).toContainEqual({ path: ['root', ...path], message })
  })

  test('it reports everything at once', () => {
    expect(check(schema, { kind: 'c', count: 0, colour: 1 }).issues).toHaveLength(3)
  })

  test('a value of an enum that comes later has a text of its own', () => {
    const soon = Type.Object({ policy: oneOf(['local'], { unsupported: ['redis'] }) })
    expect(check(soon, { policy: 'redis' }).issues).toEqual([{ path: ['policy'], message: 'redis is not supported yet' }])
    expect(check(soon, { policy: 'other' }).issues).toEqual([{ path: ['policy'], message: 'must be one of local' }])
  })

  test('words of the schema tell what a pattern wants', () => {
    const worded = Type.Object({ host: Type.String({ pattern: '^[a-z.]+$', expects: 'a host name' }), tags: Type.Array(Type.String(), { minItems: 1 }) })
    const headers = Type.Record(Type.String({ pattern: '^[a-z-]+$' }), Type.String(), { additionalProperties: false })
    expect(check(worded, { host: 'a b', tags: [] }).issues).toEqual([
      { path: ['host'], message: 'must be a host name' },
      { path: ['tags'], message: 'must not be empty' },
    ])
    expect(check(headers, { 'a b': 'c' }).issues).toEqual([{ path: ['a b'], message: 'is not a valid name here' }])
  })

  test('a branch that fails does not report that it was chosen', () => {
    const branched: unknown = JSON.parse(`{
      "type": "object",
      "properties": { "a": { "type": "integer" }, "b": { "type": "integer" }, "c": { "type": "integer" } },
      "if": { "required": ["a"] },
      "then": { "required": ["b"] },
      "dependencies": { "c": ["b"] }
    }`)
    const schemaOf = Type.Unsafe<object>(branched as object)
    expect(check(schemaOf, { a: 1 }).issues).toEqual([{ path: ['b'], message: 'is required' }])
    expect(check(schemaOf, { c: 1 }).issues).toEqual([{ path: ['b'], message: 'is required beside c' }])
  })
})

test.for([
  [[], ''],
  [['routes', 0, 'plugins', 'ai-proxy'], 'routes[0].plugins.ai-proxy'],
  [[1, 'a'], '[1].a'],
] as const)('the path %j reads %s', ([path, text]) => {
  expect(formatPath(path)).toBe(text)
})

describe('prepare', () => {
  const strict = definePlugin({
    name: 'strict',
    priority: 0,
    schema: Type.Object({ size: Type.Integer({ default: 1 }) }, { additionalProperties: false }),
    metadataSchema: Type.Object({ unit: oneOf(['b', 'kb'], { default: 'b' }) }),
    validate: ({ size }, path) => (size > 9 ? [{ path: [...path, 'size'], message: 'is larger than nine' }] : []),
    setup: () => {
      throw new Error('setup must not run')
    },
  })
  const kernel = new Kernel({ plugins: [strict], log: silent, unsupported: ['ai-rag'] })
  const prepare = (name: string, config: unknown): ReturnType<Kernel['prepare']> => kernel.prepare({ name, config, owner: here, path: ['p'] })

  test('it checks and completes, and runs no setup', () => {
    expect(prepare('strict', { _meta: null }).prepared).toMatchObject({ config: { size: 1 }, metadata: { unit: 'b' } })
  })

  test.for<[string, unknown, Issue]>([
    ['strict', { size: 'x' }, { path: ['p', 'size'], message: 'must be integer' }],
    ['strict', { size: 10 }, { path: ['p', 'size'], message: 'is larger than nine' }],
    ['strict', null, { path: ['p'], message: 'must be an object' }],
    ['strict', [], { path: ['p'], message: 'must be an object' }],
    ['ai-rag', {}, { path: ['p'], message: 'is not supported yet' }],
    ['ai-telepathy', {}, { path: ['p'], message: 'unknown plugin [ai-telepathy]' }],
    ['strcit', {}, { path: ['p'], message: 'unknown plugin [strcit]; did you mean strict?' }],
    ['ai_rag', {}, { path: ['p'], message: 'unknown plugin [ai_rag]; did you mean ai-rag?' }],
    ['constructor', {}, { path: ['p'], message: 'unknown plugin [constructor]' }],
  ])('%s with %j is refused', ([name, config, issue]) => {
    expect(prepare(name, config)).toEqual({ issues: [issue] })
  })

  test('problems of _meta and of the rest are reported together', () => {
    expect(prepare('strict', { size: 'x', _meta: { priority: 'x' } }).issues).toHaveLength(2)
  })

  test('a check that fails itself is a problem of the place, not the end of the gateway', async () => {
    const { kernel: other } = await rig([
      plugin('faulty', {}, {
        validate: () => {
          throw new Error('no idea')
        },
      }),
    ].map((one) => ({ plugin: one, config: { _meta: { disable: true } } })))
    expect(other.prepare({ name: 'faulty', config: {}, owner: here, path: ['p'] }).issues).toEqual([
      { path: ['p'], message: 'cannot be checked: no idea' },
    ])
  })

  test.for<[string, unknown, Issue[]]>([
    ['strict', { unit: 'kb' }, []],
    ['strict', { unit: 'mb' }, [{ path: ['m', 'unit'], message: 'must be one of b, kb' }]],
    ['ai-rag', {}, [{ path: ['m'], message: 'is not supported yet' }]],
  ])('metadata of %s: %j', ([name, metadata, issues]) => {
    expect(kernel.checkMetadata(name, metadata, ['m'])).toEqual(issues)
  })

  test('metadata of a plugin that takes none is refused', async () => {
    const { kernel: other } = await rig([plugin('plain', {})])
    expect(other.checkMetadata('plain', {}, ['m'])).toEqual([{ path: ['m'], message: 'plugin plain takes no metadata' }])
  })
})

describe('a credential', () => {
  const door = definePlugin({
    name: 'door-auth',
    priority: 1,
    authenticates: true,
    schema: Type.Object({}),
    consumerSchema: Type.Object({ key: Type.String({ minLength: 1 }), uses: Type.Integer({ default: 3 }) }, { additionalProperties: false }),
    credentialKey: ({ key }) => key,
    validateConsumer: ({ uses }, path) => (uses < 0 ? [{ path: [...path, 'uses'], message: 'must not be below zero' }] : []),
    setup: () => ({}),
  })
  const kernel = new Kernel({ plugins: [door, plugin('plain', {})], log: silent, unsupported: ['hmac-auth'] })
  const credential = (config: unknown, name = 'door-auth'): ReturnType<Kernel['prepareCredential']> => kernel.prepareCredential({ name, config, path: ['c'] })

  test('is completed, and found by a digest of its key', () => {
    const { credential: one, issues } = credential({ key: 'swordfish' })
    expect(issues).toEqual([])
    expect(one).toEqual({ plugin: 'door-auth', config: { key: 'swordfish', uses: 3 }, path: ['c'], digest: expect.stringMatching(/^[\w-]{43}$/) as string })
    expect([credential({ key: 'swordfish', uses: 1 }).credential?.digest, credential({ key: 'other' }).credential?.digest === one?.digest]).toEqual([one?.digest, false])
  })

  test.for<[string, unknown, Issue[]]>([
    ['door-auth', {}, [{ path: ['c', 'key'], message: 'is required' }]],
    ['door-auth', 'swordfish', [{ path: ['c'], message: 'must be an object' }]],
    ['door-auth', { key: 'k', header: 'x' }, [{ path: ['c', 'header'], message: 'is not a known field' }]],
    ['door-auth', { key: 'k', uses: -1 }, [{ path: ['c', 'uses'], message: 'must not be below zero' }]],
    ['door-auth', { key: 'k', _meta: { disabled: true } }, [{ path: ['c', '_meta', 'disabled'], message: 'is not a known field; did you mean disable?' }]],
    ['door-auth', { key: 'k', _meta: { disable: false, priority: 1 } }, [{ path: ['c', '_meta', 'priority'], message: 'says nothing of a credential; write it where the plugin runs' }]],
    ['plain', {}, [{ path: ['c'], message: 'is no credential: plain does not authenticate' }]],
    ['hmac-auth', {}, [{ path: ['c'], message: 'is not supported yet' }]],
    ['door-atuh', {}, [{ path: ['c'], message: 'unknown plugin [door-atuh]; did you mean door-auth?' }]],
  ])('of %s is refused: %j', ([name, config, issues]) => {
    expect(credential(config, name)).toEqual({ issues })
  })

  test('that is switched off is none, and need not be right', () => {
    expect(credential({ _meta: { disable: true } })).toEqual({ issues: [] })
  })

  test('belongs to one consumer', () => {
    const [one, other] = [credential({ key: 'k' }).credential!, credential({ key: 'l' }).credential!]
    const twice = { ...one, path: ['d'] }
    expect([{ name: 'anna', credentials: [one] }, { name: 'bob', credentials: [other, twice] }].flatMap(keyRing())).toEqual([
      { path: ['d'], message: 'duplicate key of plugin door-auth found with consumer: anna' },
    ])
  })
})

describe('a kernel', () => {
  test('refuses two plugins of one name and schemas that do not compile, at once', () => {
    const broken = plugin('broken', {}, { schema: Type.Unsafe({ type: 'objekt' }), consumerSchema: Type.Unsafe({ unheardOf: 1 }) })
    const make = (): Kernel => new Kernel({ plugins: [plugin('one', {}), plugin('one', {}), broken], log: silent })
    expect(make).toThrow(ConfigError)
    expect(make).toThrow('plugins.one: another plugin has this name')
    expect(make).toThrow('plugins.broken: has a schema that does not compile')
    expect(make).toThrow('plugins.broken: has a consumerSchema, and no credentialKey')
  })
})

test('what definePlugin made can be told from what it did not', () => {
  expect(isPlugin(plugin('one', {}))).toBe(true)
  for (const other of [null, undefined, 'plugin', {}, { name: 'one', setup: () => ({}) }]) expect(isPlugin(other)).toBe(false)
})
