import { formatPath } from '@sluice/kernel'
import { describe, expect, test } from 'vitest'
import { checkSettings } from '../src/index.ts'
import { envOf, problems } from './fixture.ts'

const settingsOf = (gateway: unknown, env = {}) => checkSettings(gateway, envOf(env))

describe('the gateway section', () => {
  test.for([[undefined], [{}]] as const)('has defaults for %j', ([gateway]) => {
    expect(settingsOf(gateway).settings).toEqual({
      listen: { host: '127.0.0.1', port: 9080 },
      status: { listen: { host: '127.0.0.1', port: 7085 } },
      store: { type: 'file', readonly: false },
      group: 'default',
      plugins: [],
      access_log: { path: '/dev/stdout' },
      workers: 1,
      drain_timeout_ms: 30_000,
      log: { level: 'info' },
      max_body_bytes: 67_108_864,
      max_buffered_bytes: 1_073_741_824,
      max_connections: 16_384,
      header_timeout_ms: 60_000,
      request_timeout_ms: 300_000,
      stream_keepalive_ms: 0,
      debug_headers: false,
      trusted_proxies: [],
    })
  })

  test('keeps what is written', () => {
    const written = {
      listen: { host: '::', port: 0 },
      admin: { listen: { host: '127.0.0.1', port: 9181 }, key: 'k' },
      control: { listen: { host: '127.0.0.1', port: 9091 } },
      status: { listen: { host: '127.0.0.1', port: 1 } },
      store: { type: 'memory', readonly: true },
      group: 'staging',
      plugins: ['./a.ts', 'pkg'],
      access_log: { path: '/x', format: { status: '$status', nested: { model: '$llm_model' } } },
      workers: 'auto',
      drain_timeout_ms: 0,
      log: { level: 'warn' },
      max_body_bytes: 1,
      max_buffered_bytes: 2,
      max_connections: 3,
      header_timeout_ms: 100,
      request_timeout_ms: 101,
      stream_keepalive_ms: 15_000,
      debug_headers: true,
      trusted_proxies: ['10.0.0.0/8', '::1'],
    }
    expect(settingsOf(written).settings).toEqual(written)
    expect(settingsOf({ admin: { key: '$env://K' } }, { K: 'k' }).settings!.admin).toEqual({
      listen: { host: '127.0.0.1', port: 9180 },
      key: 'k',
    })
  })

  test.for([
    [false, false],
    [true, { path: '/dev/stdout' }],
    [{ format: '$status' }, { path: '/dev/stdout', format: '$status' }],
  ] as const)('takes %j for access_log', ([written, expected]) => {
    expect(settingsOf({ access_log: written }).settings!.access_log).toEqual(expected)
  })

  test.for([
    [[], ['gateway: must be object']],
    [{ listne: {} }, ['gateway.listne: is not a known field; did you mean listen?']],
    [{ listen: { port: 70_000 } }, ['gateway.listen.port: must be <= 65535']],
    [{ admin: {} }, ['gateway.admin.key: is required']],
    [{ admin: { key: '' } }, ['gateway.admin.key: must not be empty']],
    [{ workers: 'all' }, ['gateway.workers: must be a number or auto']],
    [{ workers: 1_025 }, ['gateway.workers: must be <= 1024']],
    [{ drain_timeout_ms: -1 }, ['gateway.drain_timeout_ms: must be >= 0']],
    [{ workers: 0 }, ['gateway.workers: must be >= 1']],
    [{ log: { level: 'loud' } }, ['gateway.log.level: must be one of trace, debug, info, warn, error, fatal, silent']],
    [
      { trusted_proxies: ['::1', 'proxy'] },
      ['gateway.trusted_proxies[1]: must be an IPv4 or IPv6 address, or a range such as 10.0.0.0/8'],
    ],
    [
      { max_body_bytes: 10, max_buffered_bytes: 9, header_timeout_ms: 300_001 },
      [
        'gateway.max_buffered_bytes: must not be less than max_body_bytes, which is 10',
        'gateway.request_timeout_ms: must not be less than header_timeout_ms, which is 300001',
      ],
    ],
    [{ access_log: { fromat: {} } }, ['gateway.access_log.fromat: is not a known field; did you mean format?']],
    [
      { max_body_bytes: 0, plugins: [1] },
      ['gateway.plugins[0]: must be string', 'gateway.max_body_bytes: must be >= 1'],
    ],
  ] as const)('refuses %j', ([gateway, expected]) => {
    const { settings, issues } = settingsOf(gateway)
    expect(settings).toBeUndefined()
    expect(issues.map(({ path, message }) => `${formatPath(path)}: ${message}`)).toEqual(expected)
    expect(problems({ gateway })).toEqual(expected)
  })
})
