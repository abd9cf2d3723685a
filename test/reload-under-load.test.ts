import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { Agent, request, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { Forked } from './bench/forked.ts'
import { configText, invalidText, ledgerOf, paths, type ConfigPlace } from './support/changing-config.ts'
import { Digester, startDigestedUpstream, type DigestedUpstream } from './support/digested-upstream.ts'
import { eventually, temporaryFolder } from './support/program.ts'
import type { Applied, Measured, Order } from './support/reloaded-gateway.ts'

const reloads = 1_000
const streams = 500
/** Clients that ask again and again for whole answers. */
const askers = 4
/** Milliseconds; on a machine that does something else, 500 streams take their time. */
const patience = 60_000

test('1,000 reloads under 500 streams and new requests lose nothing, change nothing and leave nothing behind', { timeout: 180_000 }, async () => {
  const upstream = await startDigestedUpstream()
  const place = { upstream: upstream.url, accessLog: join(await temporaryFolder(), 'access.log') }
  const gateway = await ReloadedGateway.start(place)
  const clients = new Clients(gateway, upstream)

  // Half of the streams outlive every reload, the others come and go.
  const lasting = Array.from({ length: streams / 2 }, (_, n) => clients.stream(`lasting-${n}`))
  const passing = Array.from({ length: streams / 2 }, (_, n) => clients.streamOnAndOn(`passing-${n}`))
  const asking = Array.from({ length: askers }, () => clients.askOnAndOn())
  await eventually('all streams', async () => (await gateway.running()) >= streams, patience)

  const measured: Measured[] = []
  const refused: string[] = []
  for (let n = 1; n <= reloads; n++) {
    if (n % 10 === 5) refused.push(await gateway.refuses(refused.length))
    else await gateway.applies()
    clients.look()
    if (n % 50 === 0) measured.push(await gateway.measure())
  }
  expect(refused).toHaveLength(reloads / 10)
  for (const problem of [/is not valid YAML/, /a path starts with/, /not in the mood/, /access_log.path: cannot be opened/, /is empty/]) {
    expect(refused.filter((text) => problem.test(text)).length).toBe(reloads / 50)
  }
  clients.stop()
  await Promise.all([...asking, ...passing])
  const outlived = await gateway.measure()
  for (const { name } of lasting) upstream.finish(name)
  await Promise.all(lasting.map(({ ended }) => ended))

  expect(clients.problems).toEqual([])
  expect(clients.answers).toBeGreaterThan(reloads)

  // State: a plugin that nobody changed has counted every answer, in whichever snapshot.
  expect(clients.visits.toSorted((a, b) => a - b)).toEqual(clients.visits.map((_, index) => index + 1))
  expect(clients.allVisits.toSorted((a, b) => a - b)).toEqual(clients.allVisits.map((_, index) => index + 1))

  // Life of instances: none ended before its last exchange, none stayed behind it; most of those that streams kept are gone.
  const current = new Set(paths.filter((path) => ledgerOf(path, gateway.generation) !== undefined)).size
  expect(outlived.faults).toEqual([])
  expect(outlived.ledgers.filter(({ running }) => running === 0).length).toBeLessThanOrEqual(current)
  const last = await eventually('everything to end', async () => {
    const now = await gateway.measure()
    return now.running === 0 && now.ledgers.length === current && now.snapshots === 1 && now.kept === 0 ? now : undefined
  }, patience)
  expect(last.faults).toEqual([])

  // Memory: the same number of streams, nine hundred reloads later.
  const [early, late] = [measured.slice(1, 4), measured.slice(-3)].map((some) => Math.min(...some.map(({ heap }) => heap)))
  expect(late!).toBeLessThan(early! * 1.1 + 2_000_000)

  // Connections of pools that nobody uses any more.
  await gateway.appliesText(JSON.stringify({ ...JSON.parse(configText(1, place)), global_rules: [], services: [], routes: [] }))
  await eventually('all connections to upstream to end', () => upstream.open() === 0, patience)
  expect((await gateway.measure()).instances).toBe(0)

  await gateway.close()
  const lines = (await readFile(place.accessLog, 'utf8')).trimEnd().split('\n').map(fieldsOf)
  expect(lines.toSorted()).toEqual(clients.expectedLines.toSorted())
})

/** Lines have two formats with the same fields. */
function fieldsOf(line: string): string {
  if (!line.startsWith('{')) return line.split(' ', 3).join(' ')
  const { id, status, outcome } = JSON.parse(line) as Record<string, unknown>
  return [id, status, outcome].join(' ')
}

/** The gateway's process, and which generations of the configuration may serve at this moment. */
class ReloadedGateway {
  readonly url: string
  /** The one that serves for certain, unless the next one serves already. */
  generation = 0
  next = 0
  readonly #process: Forked
  readonly #place: ConfigPlace

  static async start(place: ConfigPlace): Promise<ReloadedGateway> {
    const forked = new Forked(new URL('support/reloaded-gateway.ts', import.meta.url).href, [], ['--expose-gc'])
    onTestFinished(() => forked.stop())
    const { url } = await forked.ask<{ url: string }>({ apply: configText(0, place) } satisfies Order)
    return new ReloadedGateway(url, forked, place)
  }

  private constructor(url: string, forked: Forked, place: ConfigPlace) {
    this.url = url
    this.#process = forked
    this.#place = place
  }

  /** Goes on to the next generation. */
  async applies(): Promise<void> {
    this.next = this.generation + 1
    await this.appliesText(configText(this.next, this.#place))
    this.generation = this.next
  }

  async appliesText(text: string): Promise<void> {
    const { refused } = await this.#process.ask<Applied>({ apply: text } satisfies Order)
    if (refused !== undefined) throw new Error(refused)
  }

  /** Is sent a file that it must refuse; gives its reasons. */
  async refuses(kind: number): Promise<string> {
    const order: Order = { apply: invalidText(kind, this.generation + 1, this.#place) }
    const { refused } = await this.#process.ask<Applied>(order)
    if (refused === undefined) throw new Error('an invalid file was applied')
    return refused
  }

  async running(): Promise<number> {
    return (await this.#process.ask<{ running: number }>({ running: true } satisfies Order)).running
  }

  /** Collects garbage first. */
  measure(): Promise<Measured> {
    return this.#process.ask<Measured>({ measure: true } satisfies Order)
  }

  close(): Promise<object> {
    return this.#process.ask({ close: true } satisfies Order)
  }
}

/** Those who ask, and what they have seen. */
class Clients {
  /** What was not as it must be; the first few tell. */
  readonly problems: string[] = []
  /** Counts that the plugins told, one for each answer. */
  readonly visits: number[] = []
  readonly allVisits: number[] = []
  /** Id, status and outcome of every exchange. */
  readonly expectedLines: string[] = []
  readonly #gateway: ReloadedGateway
  readonly #upstream: DigestedUpstream
  readonly #agent = new Agent({ keepAlive: true })
  /** Streams that come and go, with the generation that ends them. */
  readonly #passing = new Map<string, number>()
  #isStopping = false
  #turn = 0

  constructor(gateway: ReloadedGateway, upstream: DigestedUpstream) {
    this.#gateway = gateway
    this.#upstream = upstream
    onTestFinished(() => {
      this.#isStopping = true // whatever became of the test
      this.#agent.destroy()
    })
  }

  get answers(): number {
    return this.expectedLines.length
  }

  /** Lets streams end that have seen enough. */
  look(): void {
    const due = [...this.#passing].filter(([, until]) => this.#isStopping || this.#gateway.generation >= until)
    for (const [part] of due) {
      this.#passing.delete(part)
      this.#upstream.finish(part)
    }
  }

  /** No new requests; those under way come to their ends. */
  stop(): void {
    this.#isStopping = true
    this.look()
  }

  /** A stream on a route that is always there, until upstream ends it. */
  stream(name: string): { name: string; ended: Promise<void> } {
    const always = [0, 1, 2, 5, 6, 7]
    return { name, ended: this.#ask(paths[always[this.#turn++ % always.length]!]!, name) }
  }

  /** Streams one after the other, wherever there may be a route. */
  async streamOnAndOn(name: string): Promise<void> {
    for (let n = 0; !this.#isStopping; n++) {
      const path = paths[this.#turn++ % (paths.length - 1)]!
      const part = `${name}-${n}`
      const ended = this.#ask(path, part)
      const reloadsToSee = 5 + Math.floor(Math.random() * 300)
      const until = this.#gateway.generation + reloadsToSee
      this.#passing.set(part, until)
      await ended
      this.#passing.delete(part)
    }
  }

  async askOnAndOn(): Promise<void> {
    while (!this.#isStopping) await this.#ask(paths[this.#turn++ % paths.length]!)
  }

  /** One request, and what must be true of its answer. With a name it is a stream. */
  async #ask(path: string, name?: string): Promise<void> {
    const from = this.#gateway.generation
    try {
      const res = await this.#send(path, name)
      const allowed = range(from, Math.max(this.#gateway.next, this.#gateway.generation))
      const digester = new Digester()
      for await (const chunk of res) digester.add(chunk as Buffer)
      this.#check(path, res, allowed)
      const got = digester.end()
      const sent = name === undefined || res.statusCode === 404 ? undefined : this.#upstream.sent(name)
      if (sent && (sent.bytes !== got.bytes || sent.sha256 !== got.sha256)) this.problems.push(`${name}: ${got.bytes} bytes came of ${sent.bytes}, or others`)
      if (!sent && name !== undefined && res.statusCode !== 404) this.problems.push(`${name}: ended before its end`)
    } catch (error) {
      this.problems.push(`${path} ${name ?? ''}: ${(error as Error).message}`)
    }
  }

  #check(path: string, { statusCode = 0, headers, complete }: IncomingMessage, allowed: readonly number[]): void {
    const generation = headers['x-generation']
    const told = statusCode === 404 ? undefined : Number(generation)
    const mayBe = allowed.map((one) => ledgerOf(path, one))
    const isRight = statusCode === 404 ? generation === undefined : statusCode === 200 && complete
    if (!isRight || !mayBe.includes(told)) {
      this.problems.push(`${path}: ${statusCode} of ${String(generation)}, where ${String(mayBe)} may serve`)
    }
    this.expectedLines.push(`${String(headers['x-sluice-request-id'])} ${statusCode} ${statusCode === 404 ? 'refused' : 'complete'}`)
    this.allVisits.push(Number(headers['x-visits-all']))
    if (path.startsWith('/steady/')) this.visits.push(Number(headers['x-visits']))
  }

  async #send(path: string, name: string | undefined): Promise<IncomingMessage> {
    const isPlain = path.startsWith('/plain/')
    const body = { model: 'm', messages: [{ role: 'user', content: 'hello' }], ...(name !== undefined && { stream: true, stream_options: { include_usage: true }, user: name }) }
    const req = request(`${this.#gateway.url}${path}`, { agent: this.#agent, method: isPlain ? 'GET' : 'POST', headers: isPlain ? {} : { 'content-type': 'application/json' } })
    req.end(isPlain ? undefined : JSON.stringify(body))
    const [res] = (await once(req, 'response')) as [IncomingMessage]
    return res
  }
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index)
}
