import {
  bytesSource,
  definePlugin,
  Exchange,
  headerMap,
  json,
  Kernel,
  RequestBody,
  Type,
  type Answer,
  type Awaitable,
  type Chain,
  type ChainBuilder,
  type ConsumerDirectory,
  type Delivery,
  type Hooks,
  type Host,
  type KernelOptions,
  type Logger,
  type Outcome,
  type Owner,
  type Plugin,
  type Prepared,
  type PreparedConsumer,
  type Reply,
  type ReplyStream,
} from '../src/index.ts'

export interface Line {
  level: 'debug' | 'info' | 'warn' | 'error'
  message: string | undefined
  fields: Record<string, unknown>
}

/** A logger whose lines a test can read. */
export function logTo(lines: Line[], bound: object = {}): Logger {
  const at = (level: Line['level']) => (fields: object, message?: string) =>
    void lines.push({ level, message, fields: { ...bound, ...fields } })
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (fields) => logTo(lines, { ...bound, ...fields }),
  }
}

/** A plugin out of its hooks; any configuration will do. */
export function plugin(
  name: string,
  hooks: Hooks | ((config: Record<string, unknown>, host: Host) => Awaitable<Hooks>),
  rest: Partial<Omit<Plugin, 'name' | 'setup'>> = {},
): Plugin {
  const setup = typeof hooks === 'function' ? hooks : () => hooks
  return definePlugin({
    name,
    priority: 0,
    schema: Type.Record(Type.String(), Type.Unknown()),
    ...rest,
    setup: (config, host) => setup(config as Record<string, unknown>, host),
  })
}

export interface Use {
  plugin: Plugin
  config?: unknown
  owner?: Owner
  global?: boolean
}

export interface Rig {
  kernel: Kernel
  builder: ChainBuilder
  chain: Chain
  directory: ConsumerDirectory | undefined
  lines: Line[]
  /** Runs one exchange and settles it. */
  run(ctx?: Exchange, outcome?: Outcome): Promise<Reply>
}

export const here: Owner = { kind: 'route', id: 'r1' }
const delivered: Delivery = { status: 200, headerBytes: 10, bodyBytes: 2 }

export interface RigOptions extends Partial<KernelOptions> {
  unanswered?: Answer
  /** Of the exchanges that `run` makes, or is given. */
  consumers?: (kernel: Kernel) => readonly PreparedConsumer[]
}

/** A kernel with one chain of these plugins; by default its answer says ok. */
export async function rig(uses: readonly (Plugin | Use)[], { unanswered = ok, consumers, ...options }: RigOptions = {}): Promise<Rig> {
  const list = uses.map((use): Use => ('plugin' in use ? use : { plugin: use }))
  const lines: Line[] = []
  const kernel = new Kernel({ plugins: [...new Set(list.map((use) => use.plugin))], log: logTo(lines), ...options })
  const builder = kernel.build()
  const chain = await builder.chain({
    globals: list.filter(({ global }) => global).map((use) => prepare(kernel, use)),
    plugins: list.filter(({ global }) => !global).map((use) => prepare(kernel, use)),
    unanswered,
  })
  const directory = consumers && (await builder.directory(consumers(kernel)))
  const run = async (ctx = exchangeOf(), outcome: Outcome = 'complete'): Promise<Reply> => {
    if (directory) ctx.openDirectory(directory)
    const reply = await chain.run(ctx)
    await chain.settle(ctx, outcome, { ...delivered, status: reply.status })
    return reply
  }
  return { kernel, builder, chain, directory, lines, run }
}

/** Checks a use that is right. */
export function prepare(kernel: Kernel, { plugin: { name }, config = {}, owner, global }: Use): Prepared {
  const usual: Owner = global ? { kind: 'global_rule', id: 'g1' } : here
  const { prepared, issues } = kernel.prepare({ name, config, owner: owner ?? usual, path: ['plugins', name] })
  if (!prepared) throw new Error(JSON.stringify(issues))
  return prepared
}

export async function ok(): Promise<Reply> {
  return json(200, 'ok')
}

export interface TestExchange {
  method?: string
  path?: string
  query?: string
  headers?: Record<string, string | string[]>
  body?: string
  declared?: number
  limit?: number
  log?: Logger
  /** Its id; by default no route has matched. */
  route?: string
  clock?: { now(): number; monotonic(): number }
}

export function exchangeOf(init: TestExchange = {}): Exchange {
  const { method = 'POST', path = '/v1/chat', query = '', headers = {}, body = '', limit = 1_000_000, log = logTo([]), clock, route } = init
  const bytes = Buffer.from(body)
  const exchange = new Exchange({
    id: 'x-1',
    log,
    ...(clock && { clock }),
    request: {
      method,
      path,
      uri: path,
      query,
      headers: headerMap(Object.entries(headers)),
      body: new RequestBody(bytesSource(bytes, init.declared ?? bytes.byteLength), limit),
      scheme: 'https',
      httpVersion: '1.1',
      remoteAddress: '203.0.113.7',
      remotePort: 52_000,
      serverAddress: '192.0.2.1',
      serverPort: 9080,
    },
  })
  if (route) exchange.route = { id: route }
  return exchange
}

export interface OpenStream extends ReplyStream {
  cancelled: Outcome[]
}

/** A stream that stays open until it is cancelled. */
export function openStream(source?: ReplyStream): OpenStream {
  const { promise: done, resolve: settle } = deferred<Outcome>()
  return {
    ...(source && { source }),
    cancelled: [],
    done,
    start: () => {},
    pause: () => {},
    resume: () => {},
    cancel(reason) {
      this.cancelled.push(reason)
      settle(reason)
    },
  }
}

/** A promise, and how to settle it. */
export function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void; reject: (error: unknown) => void } {
  return Promise.withResolvers<T>()
}
