import { mkdir, writeFile } from 'node:fs/promises'
import type { RequestListener } from 'node:http'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { freePort } from '../../../test/support/free-port.ts'
import { temporaryFolder } from '../../../test/support/program.ts'
import { selfSigned } from '../../../test/support/self-signed.ts'
import { startUpstream } from '../../../test/support/upstream.ts'
import { addConnectionOptions, Cli, type Surroundings } from '../src/index.ts'
import { runCommand, type Done, type Shell } from './support/in-process.ts'

const token = 'a-token-of-this-test'

/** A program with one command: it asks for the routes, and prints what comes. */
function asking(surroundings: Surroundings): Cli {
  const cli = new Cli({ surroundings, version: '1.2.3' })
  cli.on(addConnectionOptions(cli.program.command('ask')), async ({ client, print }) => {
    const { body } = await (await client()).send({ method: 'GET', path: '/apisix/admin/routes' })
    print(JSON.stringify(body))
  })
  return cli
}

const run = (args: readonly string[], shell?: Shell): Promise<Done> => runCommand(asking, args, shell)

/** An Admin API that tells what it was asked. */
const telling: RequestListener = ({ url, headers }, res) => {
  res.setHeader('content-type', 'application/json').end(JSON.stringify({ url, key: headers['x-api-key'], agent: headers['user-agent'] }))
}

function answering(status: number, body: unknown, headers: Record<string, string> = { 'x-api-version': 'v3' }): RequestListener {
  return (_, res) => void res.writeHead(status, { 'content-type': 'application/json', ...headers }).end(typeof body === 'string' ? body : JSON.stringify(body))
}

async function contextsIn(folder: string, text: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'config.yaml'), text)
}

describe('where the Admin API is', () => {
  test('is said by a flag before the environment, and by that before the current context', async () => {
    const { url } = await startUpstream(telling)
    const folder = await temporaryFolder()
    await contextsIn(folder, `current-context: here\ncontexts:\n  - { name: other, server: http://127.0.0.1:1, token: no }\n  - { name: here, server: ${url}/context, token: t-context, gateway-group: g-context }\n`)
    const kept = { SLUICE_CONFIG_DIR: folder }
    const exported = { ...kept, SLUICE_SERVER: `${url}/env`, SLUICE_TOKEN: 't-env', SLUICE_GATEWAY_GROUP: 'g-env' }
    const flags = ['-s', `${url}/flag/`, '-t', 't-flag', '-g', 'g-flag']
    const done = await Promise.all([
      run(['ask'], { env: kept }),
      run(['ask'], { env: exported }),
      run(['ask', ...flags], { env: exported }),
      run([...flags, 'ask'], { env: exported }),
    ])
    expect(done.map(({ stderr }) => stderr)).toEqual(['', '', '', ''])
    expect(done.map(({ stdout }) => JSON.parse(stdout) as unknown)).toEqual(
      ['context', 'env', 'flag', 'flag'].map((name) => ({ url: `/${name}/apisix/admin/routes?gateway_group_id=g-${name}`, key: `t-${name}`, agent: 'sluice/1.2.3' })),
    )
  })

  test.for([
    { what: 'SLUICE_CONFIG_DIR', env: (home: string) => ({ SLUICE_CONFIG_DIR: home }), below: '.' },
    { what: 'XDG_CONFIG_HOME', env: (home: string) => ({ XDG_CONFIG_HOME: home }), below: 'sluice' },
    { what: 'the home folder', env: (home: string) => ({ HOME: home }), below: '.config/sluice' },
  ])('is looked for in the contexts below $what', async ({ env, below }) => {
    const { url } = await startUpstream(telling)
    const home = await temporaryFolder()
    await contextsIn(join(home, below), `current-context: c\ncontexts: [{ name: c, server: ${url}, token: kept }]\n`)
    const { stdout } = await run(['ask'], { env: env(home) })
    expect(JSON.parse(stdout)).toMatchObject({ url: '/apisix/admin/routes', key: 'kept' })
  })

  test('is that of the context that --context names, whose token may be a variable of the environment', async () => {
    const { url } = await startUpstream(telling)
    const folder = await temporaryFolder()
    await contextsIn(folder, `current-context: a\ncontexts: [{ name: a, server: http://127.0.0.1:1, token: a }, { name: b, server: ${url}/apisix/admin, token: $env://KEY_OF_B }]\n`)
    const env = { SLUICE_CONFIG_DIR: folder }
    const [found, unset, unknown] = await Promise.all([run(['ask', '--context', 'b'], { env: { ...env, KEY_OF_B: 'from-env' } }), run(['ask', '--context', 'b'], { env }), run(['ask', '--context', 'c'], { env })])
    expect(JSON.parse(found.stdout)).toMatchObject({ url: '/apisix/admin/routes', key: 'from-env' })
    expect([unset.code, unset.stderr]).toEqual([1, 'sluice: the token of context "b" is that of the environment variable KEY_OF_B, which is not set\n'])
    expect([unknown.code, unknown.stderr]).toEqual([1, 'sluice: there is no context "c"\n  sluice context list tells which there are.\n'])
  })
})

describe('what cannot be asked', () => {
  const cases = [
    { what: 'no token', args: [], says: /^sluice: there is no token\n  Give the Admin API's key with --token, or as SLUICE_TOKEN/ },
    { what: 'an address without a scheme', args: ['-t', token, '-s', '127.0.0.1:9180'], says: /^sluice: the server that --server gives must be an address such as http:\/\/127\.0\.0\.1:9180\n$/ },
    { what: 'an address with a password', args: ['-t', token, '-s', 'http://me:hidden-word@127.0.0.1:9180'], says: /^sluice: the server that --server gives must be an address such as/ },
    { what: 'a token of two lines', args: ['-t', 'a\nb'], says: /^sluice: the token that --token gives cannot be sent: / },
    { what: 'a certificate without its key', args: ['-t', token, '--client-cert', 'package.json'], says: /^sluice: --client-cert and --client-key go together\n/ },
    { what: 'a certificate that is not there', args: ['-t', token, '--ca-cert', '/no/such/ca.pem'], says: /^sluice: \/no\/such\/ca\.pem, which --ca-cert names, cannot be read: it does not exist\n/ },
  ] as const

  test.for(cases)('is refused before a request is sent: $what', async ({ args, says }) => {
    const { code, stdout, stderr } = await run(['ask', ...args])
    expect([code, stdout, stderr]).toEqual([1, '', expect.stringMatching(says)])
    expect(stderr).not.toContain('hidden-word')
  })

  test('is told apart from what nothing listens for, with what to do', async () => {
    const port = await freePort()
    const { code, stderr } = await run(['ask', '-t', token, '-s', `http://127.0.0.1:${port}`])
    expect([code, stderr]).toEqual([1, `sluice: http://127.0.0.1:${port} cannot be asked: nothing listens there\n  Is the gateway running, with gateway.admin in its configuration? sluice start --help\n  The address is that of --server.\n`])
  })

  test('is told where contexts cannot be read', async () => {
    const folder = await temporaryFolder()
    await contextsIn(folder, 'contexts: [{ name: a, token: hidden-word }]\n')
    const { code, stderr } = await run(['ask'], { env: { SLUICE_CONFIG_DIR: folder } })
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^sluice: \S+config\.yaml does not hold contexts: contexts\[0\]\.server must be a text\n  Mend it/)])
    await contextsIn(folder, 'contexts: [{ name: a, token: hidden-word\n')
    expect((await run(['ask'], { env: { SLUICE_CONFIG_DIR: folder } })).stderr).not.toContain('hidden-word')
  })
})

describe('an answer that is no answer', () => {
  const notFound = { error_msg: 'gateway group "nowhere" does not exist' }
  const cases = [
    { what: 'a token that is not taken', answer: answering(401, { error_msg: 'failed to check token', description: 'wrong apikey' }), says: /does not take the token of --token: failed to check token \(wrong apikey\)\n  It must be the key in gateway\.admin/ },
    { what: 'a permission that is missing', answer: answering(403, { error_msg: 'not for viewers' }), says: /^sluice: permission denied: not for viewers\n/ },
    { what: 'a group that is not there', answer: answering(404, notFound), says: /^sluice: gateway group "nowhere" does not exist\n.*sluice gateway-group list/ },
    { what: 'a resource that is not there', answer: answering(404, { message: 'Key not found' }, {}), says: /^sluice: \/apisix\/admin\/routes: Key not found\n$/ },
    { what: 'a conflict', answer: answering(409, { error_msg: 'the file has changed' }), says: /^sluice: conflict: the file has changed\n$/ },
    { what: 'a configuration that is refused', answer: answering(400, { error_msg: 'invalid configuration: uri: is missing' }), says: /^sluice: invalid configuration: uri: is missing\n$/ },
    { what: 'a server that fails', answer: answering(500, { error_msg: 'internal error' }), says: /failed \(status 500\): internal error\n$/ },
    { what: 'a page', answer: answering(200, '<html>', { 'content-type': 'text/html' }), says: /answers \(status 200, text\/html\), but not as an Admin API does\n  The address is that of --server\. Is it the port of gateway\.admin/ },
    { what: 'the 404 of a data plane', answer: answering(404, { error_msg: '404 Route Not Found' }, {}), says: /but not as an Admin API does\n/ },
    { what: 'a redirect', answer: answering(302, '', { location: 'https://elsewhere.example/' }), says: /sends elsewhere, to https:\/\/elsewhere\.example\/\n/ },
    { what: 'an end in the middle', answer: ((_, res) => void res.destroy()) as RequestListener, says: /cannot be asked: it closed the connection\n/ },
    { what: 'a terminal that is to be moved', answer: answering(400, { error_msg: 'no\u001b[2J' }), says: /^sluice: no\\u001b\[2J\n$/ },
  ]

  test.for(cases)('says what to do about $what, and shows no token', async ({ answer, says }) => {
    const { url } = await startUpstream(answer)
    const { code, stdout, stderr } = await run(['ask', '-s', url, '-t', token, '-g', 'nowhere'])
    expect([code, stdout, stderr]).toEqual([1, '', expect.stringMatching(says)])
    expect(stderr).not.toContain(token)
  })

  test('has the token taken out of it where the server repeats it', async () => {
    const { url } = await startUpstream(answering(400, { error_msg: `${token} is no good` }))
    expect((await run(['ask', '-s', url, '-t', token])).stderr).toBe('sluice: ******** is no good\n')
  })
})

describe('a proxy that the environment names', () => {
  test.for([
    { what: 'http', server: 'http://gateway.invalid:9180', variable: 'HTTP_PROXY', sees: 'GET http://gateway.invalid:9180/apisix/admin/routes' },
    { what: 'https', server: 'https://gateway.invalid', variable: 'https_proxy', sees: 'CONNECT gateway.invalid:443' },
  ])('is asked for $what', async ({ server, variable, sees }) => {
    const seen: string[] = []
    const proxy = await startUpstream((req, res) => {
      seen.push(`${req.method} ${req.url}`)
      telling(req, res)
    })
    proxy.server.on('connect', (req, socket) => {
      seen.push(`${req.method} ${req.url}`)
      socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n')
    })
    await run(['ask', '-t', token, '-s', server], { env: { [variable]: proxy.url } })
    expect(seen).toEqual([sees])
  })

  test('is not asked for what NO_PROXY names, nor for this machine', async () => {
    const { url } = await startUpstream(telling)
    const env = { HTTP_PROXY: 'http://127.0.0.1:1' }
    expect((await run(['ask', '-t', token, '-s', url], { env })).code).toBe(0)
    const direct = await run(['ask', '-t', token, '-s', 'http://gateway.invalid'], { env: { ...env, NO_PROXY: '.invalid' } })
    expect(direct.stderr).toMatch(/cannot be asked: (?:there is no such host|its name cannot be looked up now)\n/)
  })
})

describe('TLS', () => {
  test('holds with a certificate that --ca-cert trusts, and shows the client’s own', async () => {
    const [server, client] = [selfSigned('localhost'), selfSigned('a client')]
    const mutual = { ...server, ca: client.cert, requestCert: true, rejectUnauthorized: true }
    const { port } = await startUpstream(telling, mutual)
    const folder = await temporaryFolder()
    const file = (name: string): string => join(folder, name)
    await Promise.all([writeFile(file('ca.pem'), server.cert), writeFile(file('client.pem'), client.cert), writeFile(file('client.key'), client.key)])
    const address = ['ask', '-t', token, '-s', `https://localhost:${port}`, '--ca-cert', file('ca.pem')]
    const [known, stranger] = await Promise.all([run([...address, '--client-cert', file('client.pem'), '--client-key', file('client.key')]), run(address)])
    expect([known.code, known.stderr, known.stdout]).toEqual([0, '', expect.stringContaining(token)])
    expect([stranger.code, stranger.stderr]).toEqual([1, expect.stringMatching(/cannot be asked: it (?:wants a client certificate|closed the connection)\n.* Give one with --client-cert and --client-key\.\n/)])
  })

  test('is checked, unless a certificate is trusted or none is asked for', async () => {
    const certificate = selfSigned('localhost')
    const { url, port } = await startUpstream(telling, certificate)
    const folder = await temporaryFolder()
    await writeFile(join(folder, 'ca.pem'), certificate.cert)
    const [refused, other, believed, plain] = await Promise.all([
      run(['ask', '-t', token, '-s', url]),
      run(['ask', '-t', token, '-s', url, '--ca-cert', join(folder, 'ca.pem')]),
      run(['ask', '-t', token, '-s', url, '--tls-skip-verify']),
      run(['ask', '-t', token, '-s', `http://127.0.0.1:${port}`]),
    ])
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringMatching(/cannot be asked: nobody who is trusted vouches for its certificate\n  Trust it with --ca-cert <file>/)])
    expect([other.code, other.stderr]).toEqual([1, expect.stringMatching(/cannot be asked: its certificate is for other names\n/)])
    expect([believed.code, believed.stdout]).toEqual([0, expect.stringContaining(token)])
    expect([plain.code, plain.stderr]).toEqual([1, expect.stringMatching(/cannot be asked: it closed the connection\n  Does it want https:\/\/\?\n/)])
  })

  test('that a server does not speak is told', async () => {
    const { port } = await startUpstream(telling)
    const { stderr } = await run(['ask', '-t', token, '-s', `https://127.0.0.1:${port}`])
    expect(stderr).toMatch(/cannot be asked: it does not speak TLS\n  Give its address with http:\/\/\.\n/)
  })
})
