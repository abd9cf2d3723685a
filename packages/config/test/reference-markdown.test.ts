import { definePlugin, oneOf, Type } from '@sluice/kernel'
import { describe, expect, test } from 'vitest'
import { referenceMarkdown } from '../src/index.ts'
import { plugins } from './fixture.ts'

describe('referenceMarkdown', () => {
  const text = referenceMarkdown(plugins())
  const lines = text.split('\n')

  test('has a section for the file, each resource, and each plugin', () => {
    expect(lines.filter((line) => line.startsWith('#'))).toEqual([
      '# Configuration reference',
      '## The file',
      '## `gateway`',
      '## `routes[]`',
      '## `services[]`',
      '## `upstreams[]`',
      '## `plugin_configs[]`',
      '## `global_rules[]`',
      '## `consumers[]`',
      '## `consumers[]` that are credentials',
      '## `consumer_groups[]`',
      '## `ssls[]`',
      '## `secrets[]`',
      '## `protos[]`',
      '## `stream_routes[]`',
      '## Plugins',
      '### `_meta`, in every plugin configuration',
      '### `ai-proxy`',
      '### `answer`',
      '### `door`',
      '#### `door` of a consumer or a credential',
      '### `fragile`',
      '#### `plugin_metadata.fragile`',
      '### `label`',
      '### `tag`',
      '### `tally`',
      '## Variables',
    ])
  })

  test.for([
    '| `listen.port` | integer |  | `9080` | 0–65535 | Port; 0: any that is free. |',
    '| `admin.keys[].key` 🔒 | string | yes |  | characters: ≥ 1 | What is sent. |',
    '| `nodes` | object or array | yes |  |  | Where requests go: `{"host:port": weight}`, or a list. |',
    '| `nodes[].weight` | integer | yes |  | ≥ 0 | Share of the requests; 0 gets none. |',
    '| `keepalive_pool.size` | integer |  | `320` | ≥ 1 | Idle connections that are kept. |',
    '| `access_log.path` | string |  | `"/dev/stdout"` | characters: ≥ 1 | File that lines are appended to. |',
    '| `limit` | integer | yes |  | ≥ 1 |  |',
  ])('has the row %s', (row) => {
    expect(lines).toContain(row)
  })

  test('lists what is not supported', () => {
    expect(text).toContain('Not supported yet: `filter_func`, `script`, `script_id`, `enable_websocket`.')
    expect(text).toContain('`type: chash`')
    expect(text).toContain('`tls.client_cert`')
  })

  test('lists the variables, those of plugins by plugin', () => {
    const own = definePlugin({
      name: 'weather',
      priority: 0,
      schema: Type.Object({}),
      variables: { weather_today: () => 'rain' },
      setup: () => ({}),
    })
    const told = referenceMarkdown([own])
    expect(told).toMatch(/^Of every request: .*`request_id`/m)
    expect(told).toContain('\nOf `weather`: `weather_today`.\n')
  })

  test('describes every field that can be written', () => {
    const rows = lines
      .slice(lines.indexOf('## `gateway`'), lines.indexOf('### `ai-proxy`'))
      .filter((line) => line.startsWith('| `'))
    expect(rows.filter((row) => row.endsWith('|  |'))).toEqual([])
  })

  test('flattens maps, lists, unions, and keeps cells in one piece', () => {
    const schema = Type.Object({
      mode: oneOf(['a', 'b'], { unsupported: ['c'], description: 'One of\n two | three.' }),
      map: Type.Record(Type.String(), Type.String({ secret: true, description: 'A value.' })),
      list: Type.Optional(Type.Array(Type.Object({ x: Type.Number({ exclusiveMinimum: 0 }) }), { minItems: 1 })),
      either: Type.Union([Type.String(), Type.Literal(5)]),
    })
    const own = referenceMarkdown([definePlugin({ name: 'p', priority: 3, schema, setup: () => ({}) })]).split('\n')
    const at = own.indexOf('### `p`')
    expect(own.slice(at + 2, at + 12)).toEqual([
      'Priority 3.',
      '',
      '| Field | Type | Required | Default | Range | What it is |',
      '| --- | --- | --- | --- | --- | --- |',
      '| `mode` | string | yes |  | `a`, `b` | One of two \\| three. |',
      '| `map.*` 🔒 | string |  |  |  | A value. |',
      '| `list[].x` | number | yes |  | > 0 |  |',
      '| `either` | string or number | yes |  | `5` |  |',
      '',
      'Not supported yet: `mode: c`.',
    ])
  })
})
