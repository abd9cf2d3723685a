import { formatError } from '@sluice/ai-core'
import {
  ConfigError,
  definePlugin,
  json,
  Kernel,
  silent,
  Type,
  type Awaitable,
  type Chain,
  type ConsumerDirectory,
  type Counters,
  type Exchange,
  type Issue,
  type Outcome,
  type Owner,
  type Plugin,
  type Prepared,
  type Reply,
} from '@sluice/kernel'
import { collect, type Collected } from './collect.ts'
import { exchangeOf, type ExchangeSetting } from './exchange-of.ts'
import { Sent } from './sent.ts'
import { prepareConsumers, type TestConsumer } from './test-consumer.ts'
import type { TestRequest } from './test-request.ts'

export interface ExerciseOptions extends ExchangeSetting {
  /** Further plugins on the same route, each with its configuration, or alone with `{}`. Priorities give the order, as always. */
  behind?: readonly (Plugin | readonly [plugin: Plugin, config: unknown])[]
  /** What answers where no plugin does; by default an OpenAI chat completion that says "ok". */
  answer?: Reply | ((ctx: Exchange) => Awaitable<Reply>)
  /** The plugin's `plugin_metadata`. */
  metadata?: unknown
  /** Where plugins count; by default on their own, by the clock on the wall. */
  counters?: Counters
  /** Who may ask. */
  consumers?: readonly TestConsumer[]
  /** Plugins that consumers bring and that are not on the route. */
  brought?: readonly Plugin[]
}

/** One exchange, ended. */
export interface Exercised {
  /** What the client got, read to its end. */
  readonly reply: Collected
  /** How the exchange counts. */
  readonly outcome: Outcome
  readonly ctx: Exchange
  /** The request's body as the rewrite phase left it; undefined where the exchange ended in that phase. */
  readonly sent: Sent | undefined
}

export interface Exercise extends Exercised {
  /** Sends a request down the same chain: the same one again, or another. */
  send(request?: TestRequest): Promise<Exercised>
  /** Ends the plugins, as a new configuration would. */
  dispose(): Promise<void>
}

const owner: Owner = { kind: 'route', id: 'test' }

/**
 * Runs one request through the kernel down to an answer that says "ok": the plugin, and whoever stands `behind` it.
 * The log phase has run when it resolves. Rejects with a `ConfigError` where a configuration has problems.
 */
export async function exercise(
  plugin: Plugin,
  config: unknown,
  request: TestRequest,
  options: ExerciseOptions = {},
): Promise<Exercise> {
  const { behind = [], answer = ok, metadata, counters, consumers, brought = [], ...setting } = options
  const company = behind.map((entry): readonly [Plugin, unknown] => ('name' in entry ? [entry, {}] : entry))
  const plugins = [plugin, ...company.map(([one]) => one), ...brought, witness]
  const kernel = new Kernel({ plugins, log: setting.log ?? silent, formatError, ...(counters && { counters }) })
  const prepared = prepareAll(kernel, [[plugin, config, metadata], ...company, [witness, {}]])
  const known = consumers && prepareConsumers(kernel, consumers)
  const builder = kernel.build()
  const unanswered = async (ctx: Exchange): Promise<Reply> => (typeof answer === 'function' ? answer(ctx) : { ...answer })
  let chain: Chain
  let directory: ConsumerDirectory | undefined
  try {
    directory = known && (await builder.directory(known))
    chain = await builder.chain({ globals: [], plugins: prepared, unanswered })
  } catch (error) {
    await builder.release()
    throw error
  }
  const send = (again: TestRequest = request): Promise<Exercised> => {
    const ctx = exchangeOf(again, setting)
    if (directory) ctx.openDirectory(directory)
    return run(chain, ctx)
  }
  return { ...(await send()), send, dispose: () => builder.release() }
}

async function run(chain: Chain, ctx: Exchange): Promise<Exercised> {
  const reply = await collect(await chain.run(ctx))
  const { status, headers, bytes } = reply
  const headerBytes = Object.entries(headers).reduce((sum, [name, value]) => sum + name.length + String(value).length + 4, 0)
  // As the gateway does: what the client's end was told decides, unless somebody on the way knows better.
  await chain.settle(ctx, reply.ended, { status, headerBytes, bodyBytes: bytes.byteLength })
  return { reply, outcome: ctx.outcome ?? reply.outcome, ctx, sent: ctx.get(Sent.slot) }
}

function prepareAll(kernel: Kernel, list: readonly (readonly [plugin: Plugin, config: unknown, metadata?: unknown])[]): Prepared[] {
  const problems: Issue[] = []
  const prepared = list.flatMap(([{ name }, config, metadata]) => {
    const path = ['plugins', name]
    if (metadata !== undefined) problems.push(...kernel.checkMetadata(name, metadata, ['plugin_metadata', name]))
    const { prepared: one, issues } = kernel.prepare({ name, config, owner, path, metadata })
    problems.push(...issues)
    return one ? [one] : []
  })
  if (problems.length > 0) throw new ConfigError(problems)
  return prepared
}

/** Sees the body when every rewrite hook has run, and before any access hook has. */
const witness = definePlugin({
  name: 'testkit-witness',
  priority: Infinity,
  schema: Type.Object({}),
  setup: () => ({ access: (ctx) => ctx.set(Sent.slot, Sent.of(ctx)) }),
})

function ok(): Reply {
  const message = { role: 'assistant', content: 'ok', refusal: null }
  return json(200, {
    id: 'chatcmpl-test',
    object: 'chat.completion',
    created: 1_700_000_000,
    model: 'gpt-4o',
    choices: [{ index: 0, message, logprobs: null, finish_reason: 'stop' }],
    usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
  })
}
