import { Kernel, silent } from '@sluice/kernel'
import { describe, expect, test } from 'vitest'
import { A7Client } from '../../../test/support/a7-client.ts'
import { addPluginCommands, addResourceCommands, Cli, type Surroundings } from '../src/index.ts'
import { recordAdmin, type Answer, type Recorded } from './support/admin-recorder.ts'
import { runCommand, type Done } from './support/in-process.ts'

/** Nothing here is a secret. */
const kernelOf = async (): Promise<Kernel> => new Kernel({ plugins: [], log: silent })

function createCli(surroundings: Surroundings): Cli {
  const cli = new Cli({ surroundings, version: '1.2.3' })
  addResourceCommands(cli, kernelOf)
  addPluginCommands(cli)
  return cli
}

/** A server that has whatever it is asked for, and takes whatever it gets. */
function willing({ line, body }: Recorded): Answer {
  if (line.includes('/plugins/list')) return { body: ['ai-proxy'] }
  if (line.startsWith('GET') && /\/(?:\w+s|ssl|plugin_metadata)(?:\?|$)/.test(line)) return { body: { total: 0, list: [] } }
  return { body: { value: body ?? { id: 'there', desc: 'as it was', uri: '/old' } } }
}

async function asked(args: readonly string[], stdin = '', answer = willing): Promise<Done & { lines: readonly string[] }> {
  const recorder = await recordAdmin(answer)
  const done = await runCommand(createCli, args, { stdin, env: { SLUICE_SERVER: recorder.url, SLUICE_TOKEN: 'key' } })
  return { ...done, lines: recorder.lines() }
}

const admin = '/apisix/admin'
const gg = 'gateway_group_id=default'

/** What a7 sends for the same words. */
const requests: readonly { args: string; stdin?: string; sends: readonly string[] }[] = [
  { args: 'route create -f -', stdin: '{"id":"r1","uri":"/a","vars":[["arg_a","==","1"]],"unheard_of":{"kept":1}}', sends: [`PUT ${admin}/routes/r1?${gg} {"id":"r1","uri":"/a","vars":[["arg_a","==","1"]],"unheard_of":{"kept":1}}`] },
  { args: 'route create -f -', stdin: 'uri: /a\n', sends: [`POST ${admin}/routes?${gg} {"uri":"/a"}`] },
  { args: 'route create --name n --uri /a --methods GET,POST --host h --service-id s --labels a=b,c=d=e --label f=g,h', sends: [`POST ${admin}/routes?${gg} {"name":"n","paths":["/a"],"methods":["GET","POST"],"host":"h","service_id":"s","labels":{"a":"b","c":"d=e","f":"g,h"}}`] },
  { args: 'rt get r1', sends: [`GET ${admin}/routes/r1?${gg}`] },
  { args: 'route list', sends: [`GET ${admin}/routes?${gg}`] },
  { args: 'route ls --service-id s --label team=red', sends: [`GET ${admin}/routes?${gg}&service_id=s&label=team`] },
  { args: 'route update r1 -f -', stdin: 'uri: /b\n', sends: [`PUT ${admin}/routes/r1?${gg} {"uri":"/b"}`] },
  { args: 'route rm r1', sends: [`DELETE ${admin}/routes/r1?${gg}`] },
  { args: 'route export --label team', sends: [`GET ${admin}/routes?${gg}&label=team&page=1&page_size=100`] },
  { args: 'svc create --name n --desc d --host h', sends: [`POST ${admin}/services?${gg} {"name":"n","desc":"d","hosts":["h"]}`] },
  { args: 'service create -f -', stdin: '{"id":"s","name":"S"}', sends: [`PUT ${admin}/services/s?${gg} {"id":"s","name":"S"}`] },
  { args: 'upstream create --name u --nodes 10.0.0.1:80=1 --nodes 10.0.0.2:80=2 --retries 3', sends: [`POST ${admin}/upstreams?${gg} {"name":"u","nodes":{"10.0.0.1:80":1,"10.0.0.2:80":2},"retries":3}`] },
  { args: 'consumer create -f -', stdin: '{"id":"c","username":"c"}', sends: [`PUT ${admin}/consumers/c?${gg} {"id":"c","username":"c"}`] },
  { args: 'consumer create -f -', stdin: '{"username":"c","desc":"d"}', sends: [`POST ${admin}/consumers?${gg} {"username":"c","desc":"d"}`] },
  { args: 'consumer create --username c --desc d', sends: [`POST ${admin}/consumers?${gg} {"username":"c","desc":"d"}`] },
  { args: 'consumer update c -f -', stdin: '{"username":"c"}', sends: [`PUT ${admin}/consumers/c?${gg} {"username":"c"}`] },
  { args: 'credential list --consumer c', sends: [`GET ${admin}/consumers/c/credentials?${gg}`] },
  { args: 'credential create k --consumer c -f -', stdin: '{"plugins":{}}', sends: [`PUT ${admin}/consumers/c/credentials/k?${gg} {"id":"k","plugins":{}}`] },
  { args: 'cred create --consumer c -f -', stdin: '{"plugins":{}}', sends: [`POST ${admin}/consumers/c/credentials?${gg} {"plugins":{}}`] },
  { args: 'credential delete k --consumer c', sends: [`DELETE ${admin}/consumers/c/credentials/k?${gg}`] },
  { args: 'ssl list', sends: [`GET ${admin}/ssls?${gg}`] },
  { args: 'global-rule create --id g --plugins-json {"cors":{}}', sends: [`POST ${admin}/global_rules?${gg} {"id":"g","plugins":{"cors":{}}}`] },
  { args: 'gr create -f -', stdin: 'id: g\nplugins: {}\n', sends: [`PUT ${admin}/global_rules/g?${gg} {"id":"g","plugins":{}}`] },
  { args: 'plugin-config create --desc d', sends: [`POST ${admin}/plugin_configs?${gg} {"desc":"d"}`] },
  { args: 'consumer-group create --id g --plugins-json {}', sends: [`POST ${admin}/consumer_groups?${gg} {"id":"g","plugins":{}}`] },
  { args: 'plugin list', sends: [`GET ${admin}/plugins/list?${gg}`] },
  { args: 'plugin get ai-proxy', sends: [`GET ${admin}/plugins/ai-proxy?${gg}`] },
  { args: 'plugin-metadata create log --metadata-json {"a":1}', sends: [`PUT ${admin}/plugin_metadata/log?${gg} {"a":1}`] },
  { args: 'plugin-metadata create -f -', stdin: 'plugin_name: log\na: 1\n', sends: [`PUT ${admin}/plugin_metadata/log?${gg} {"a":1}`] },
  { args: 'pm get log', sends: [`GET ${admin}/plugin_metadata/log?${gg}`] },
  { args: 'secret create --id vault/x --uri http://v --token t', sends: [`POST ${admin}/secret_providers?${gg} {"id":"vault/x","uri":"http://v","token":"t"}`] },
  { args: 'secret get vault/x', sends: [`GET ${admin}/secret_providers/vault/x?${gg}`] },
  { args: 'proto list', sends: [`GET ${admin}/protos?${gg}`] },
  { args: 'stream-route list', sends: [`GET ${admin}/stream_routes?${gg}`] },
  { args: 'gateway-group list', sends: ['GET /api/gateway_groups'] },
  { args: 'gateway-group create --name n --description d', sends: ['POST /api/gateway_groups {"name":"n","description":"d"}'] },
  { args: 'gg create -f -', stdin: 'id: g\nname: n\n', sends: ['PUT /api/gateway_groups/g {"id":"g","name":"n"}'] },
  { args: 'gateway-group delete g', sends: ['DELETE /api/gateway_groups/g'] },
]

describe('with a gateway group it sends what a7 sends', () => {
  test.for(requests)('sluice $args', async ({ args, stdin, sends }) => {
    const { code, stderr, lines } = await asked([...args.split(' '), '-g', 'default'], stdin)
    expect([code, stderr === '' || stderr.startsWith('There are no ')]).toEqual([0, true])
    expect(lines).toEqual(sends)
  })

  test('as the simulated a7 does, byte for byte', async () => {
    const [ours, theirs] = [await recordAdmin(willing), await recordAdmin(willing)]
    const a7 = new A7Client({ server: theirs.url, token: 'key' })
    const sluice = (args: string, stdin?: string): Promise<Done> => runCommand(createCli, [...args.split(' '), '-g', 'default'], { ...(stdin && { stdin }), env: { SLUICE_SERVER: ours.url, SLUICE_TOKEN: 'key' } })
    const route = { id: 'r', uri: '/a', vars: [['arg_a', '==', '1']], plugins: { 'ai-proxy': { provider: 'openai' } } }
    const service = { name: 'without an id' }
    await a7.create(`${admin}/routes`, route)
    await a7.create(`${admin}/services`, service)
    await a7.get(`${admin}/routes/r`, 'routes')
    await a7.list(`${admin}/upstreams`, 'upstreams')
    await sluice('route create -f -', JSON.stringify(route))
    await sluice('service create -f -', JSON.stringify(service))
    await sluice('route get r')
    await sluice('upstream list')
    expect(ours.lines()).toEqual(theirs.lines())
    const sent = (one: typeof ours): unknown => one.requests.map(({ headers: { 'x-api-key': key, 'content-type': type } }) => ({ key, type }))
    expect(sent(ours)).toEqual(sent(theirs))
  })
})

/** What APISIX takes, which has no groups and no POST for most. */
const ungrouped: readonly { args: string; stdin?: string; sends: readonly string[] }[] = [
  { args: 'route create --uri /a --uri /b', sends: [`POST ${admin}/routes {"uris":["/a","/b"]}`] },
  { args: 'route list --service-id s', sends: [`GET ${admin}/routes?filter=service_id%3Ds`] },
  { args: 'consumer create --username c', sends: [`PUT ${admin}/consumers {"username":"c"}`] },
  { args: 'global-rule create --id g --plugins-json {}', sends: [`PUT ${admin}/global_rules/g {"id":"g","plugins":{}}`] },
  { args: 'secret create -f -', stdin: 'id: vault/x\nuri: http://v\n', sends: [`PUT ${admin}/secrets/vault/x {"id":"vault/x","uri":"http://v"}`] },
]

test.for(ungrouped)('without one it sends what APISIX takes: sluice $args', async ({ args, stdin, sends }) => {
  const { code, lines } = await asked(args.split(' '), stdin)
  expect([code, lines]).toEqual([0, sends])
})

test('says so where APISIX needs an id that nobody gave', async () => {
  const { code, stderr, lines } = await asked(['plugin-config', 'create', '--desc', 'd'])
  expect([code, stderr, lines]).toEqual([1, 'sluice: there is no id for the plugin config\n  Give it behind the command, sluice plugin-config create <id>, or as id in the file.\n', []])
})

test('tells of those that were written before one is refused', async () => {
  const refused: Answer = { status: 400, body: { error_msg: 'invalid configuration: uri: is missing' } }
  const answer = (request: Recorded): Answer => (request.line.includes('/c?') || request.line.endsWith('/c') ? refused : { ...willing(request), headers: { 'x-sluice-action': 'created' } })
  const stdin = JSON.stringify({ routes: ['a', 'b', 'c', 'd'].map((id) => ({ id })) })
  const [lines, json] = [await asked(['route', 'create', '-f', '-'], stdin, answer), await asked(['route', 'create', '-f', '-', '-o', 'json'], stdin, answer)]
  expect([lines.code, lines.stdout, lines.stderr]).toEqual([1, 'created route a\ncreated route b\n', 'sluice: invalid configuration: uri: is missing\n'])
  expect([json.code, JSON.parse(json.stdout)]).toEqual([1, [{ id: 'a' }, { id: 'b' }]])
})

test.for([
  { what: 'no file and no flags', args: ['route', 'create'], says: 'sluice: nothing says what the route is\n  Give a file with -f, or flags; --help tells which.\n' },
  { what: 'a file that is not there', args: ['route', 'create', '-f', '/no/such.yaml'], says: 'sluice: /no/such.yaml does not exist\n' },
  { what: 'a file that is no YAML', args: ['route', 'create', '-f', '-'], stdin: 'id: a\nuri: [\n', says: 'sluice: standard input:' },
  { what: 'a text', args: ['route', 'create', '-f', '-'], stdin: 'hello\n', says: 'sluice: standard input must hold a route, or a list of routes\n' },
  { what: 'a whole configuration', args: ['route', 'create', '-f', '-'], stdin: 'routes: [{ id: a }]\nservices: []\n', says: 'sluice: standard input holds more than routes: services\n  Apply all of it: sluice config sync -f -\n' },
  { what: 'a configuration of others', args: ['route', 'create', '-f', '-'], stdin: 'version: "1"\nservices: [{ id: a }]\n', says: 'sluice: standard input is a configuration without routes\n' },
  { what: 'two names', args: ['route', 'create', 'b', '-f', '-'], stdin: 'id: a\n', says: 'sluice: the file holds route a, and the command names b\n' },
  { what: 'one name for several', args: ['route', 'create', 'b', '-f', '-'], stdin: '[{ id: a }, { id: b }]\n', says: 'sluice: there are 2 routes in the file: a name or flags can be for one alone\n' },
  { what: 'an update of several', args: ['route', 'update', '-f', '-'], stdin: '[{ id: a }, { id: b }]\n', says: 'sluice: standard input must hold one route\n' },
  { what: 'an update of nobody', args: ['route', 'update', '-f', '-'], stdin: 'uri: /a\n', says: 'sluice: nothing says which route is meant\n' },
  { what: 'an update of nothing', args: ['route', 'update', 'a'], says: 'sluice: nothing says what is to change about route a\n' },
  { what: 'a label of no form', args: ['route', 'create', '--label', 'a'], says: 'sluice: --labels: "a" does not have the form key=value\n' },
  { what: 'a number that is none', args: ['route', 'create', '--priority', 'high'], says: 'sluice: --priority: "high" is not a whole number\n' },
  { what: 'plugins that are no JSON', args: ['route', 'create', '--plugins-json', '{'], says: 'sluice: --plugins-json is not valid ' },
  { what: 'an export as a table', args: ['route', 'export', '-o', 'table'], says: 'sluice: a table cannot be taken back\n  Export as yaml or json.\n' },
])('refuses $what, and asks for no write', async ({ args, stdin, says }) => {
  const { code, stdout, stderr, lines } = await asked(args, stdin)
  expect([code, stdout, stderr.slice(0, says.length)]).toEqual([1, '', says])
  expect(lines.filter((line) => !line.startsWith('GET'))).toEqual([])
})

test('ids are encoded in paths, those of several parts but for their slashes', async () => {
  expect((await asked(['route', 'get', 'a b?c#d', '-g', 'x&y=z'])).lines).toEqual([`GET ${admin}/routes/a%20b%3Fc%23d?gateway_group_id=x%26y%3Dz`])
  const { code, stderr, lines } = await asked(['route', 'delete', '../services/s'])
  expect([code, stderr, lines]).toEqual([1, 'sluice: "../services/s" cannot be the name of a resource\n', []])
})

test('flags of an update change their fields and leave the others', async () => {
  const { lines } = await asked(['route', 'update', 'there', '--uri', '/new', '--status', '0', '-g', 'default'])
  expect(lines).toEqual([`GET ${admin}/routes/there?${gg}`, `PUT ${admin}/routes/there?${gg} {"id":"there","desc":"as it was","paths":["/new"],"status":0}`])
})

describe('an export', () => {
  const routes = Array.from({ length: 250 }, (_, index) => ({ id: `r${index}`, uri: `/${index}`, create_time: 1, labels: { n: String(index % 2) } }))
  const paged = ({ line }: Recorded): Answer => {
    const query = new URL(line.split(' ')[1] ?? '', 'http://x').searchParams
    const [page, size] = [Number(query.get('page')), Number(query.get('page_size'))]
    return { body: { total: routes.length, list: routes.slice((page - 1) * size, page * size) } }
  }

  test('is of all pages, sorted, without times, as configuration', async () => {
    const { lines, stdout } = await asked(['route', 'export', '-g', 'default', '-o', 'json'], '', paged)
    expect(lines).toHaveLength(3)
    const { version, routes: exported } = JSON.parse(stdout) as { version: string; routes: typeof routes }
    expect([version, exported.length, exported[1], exported.find((one) => 'create_time' in one)]).toEqual(['1', 250, { id: 'r1', uri: '/1', labels: { n: '1' } }, undefined])
  })

  test('is of those with a label and its value alone, though the server knows labels by name only', async () => {
    const { stdout } = await asked(['route', 'export', '-g', 'default', '-o', 'json', '--label', 'n=1'], '', paged)
    expect((JSON.parse(stdout) as { routes: unknown[] }).routes).toHaveLength(125)
  })
})
