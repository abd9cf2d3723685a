import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Gateway, type BuiltInOptions } from '@sluice/gateway'
import type { Logger, Plugin } from '@sluice/kernel'
import { onTestFinished } from 'vitest'
import { patienceMs } from './program.ts'

/** Every variable that a test may want to see, one member each. */
const format = {
  request_id: '$request_id',
  method: '$request_method',
  uri: '$uri',
  status: '$status',
  outcome: '$outcome',
  route_id: '$route_id',
  request_type: '$request_type',
  request_llm_model: '$request_llm_model',
  llm_model: '$llm_model',
  llm_time_to_first_token: '$llm_time_to_first_token',
  llm_prompt_tokens: '$llm_prompt_tokens',
  llm_completion_tokens: '$llm_completion_tokens',
  llm_total_tokens: '$llm_total_tokens',
  llm_cache_read_input_tokens: '$llm_cache_read_input_tokens',
  llm_cache_creation_input_tokens: '$llm_cache_creation_input_tokens',
  llm_reasoning_tokens: '$llm_reasoning_tokens',
  llm_stream: '$llm_stream',
  llm_has_tool_calls: '$llm_has_tool_calls',
  llm_tool_count: '$llm_tool_count',
  llm_end_user_id: '$llm_end_user_id',
  usage_source: '$usage_source',
  upstream_status: '$upstream_status',
  apisix_upstream_response_time: '$apisix_upstream_response_time',
  balancer_ip: '$balancer_ip',
}

export type LogLine = Record<string, unknown>

export interface TestGateway {
  /** Such as `http://127.0.0.1:41234`. */
  readonly url: string
  readonly statusUrl: string
  readonly gateway: Gateway
  /** Lines of the access log so far, the oldest first; `atLeast` waits for that many. */
  lines(atLeast?: number): Promise<LogLine[]>
  /** All lines of these exchanges, as soon as each has one; named by their `x-sluice-request-id`. */
  linesOf(...ids: string[]): Promise<LogLine[]>
  /** Everything that was logged to stderr, as text. */
  logged(): string
  apply(config: TestConfig): Promise<void>
}

/** Resources as in a configuration file, and `gateway` settings beside those that tests need. */
export type TestConfig = Readonly<Record<string, unknown>>

export interface TestOptions {
  readonly plugins?: readonly Plugin[]
  readonly env?: Readonly<Record<string, string>>
  readonly builtIn?: BuiltInOptions
}

/** A gateway in this process, on ports of its own, with an access log of everything; it ends with the test. */
export async function startGateway(config: TestConfig, options: TestOptions = {}): Promise<TestGateway> {
  const started = await openGateway(config, options)
  onTestFinished(() => started.close())
  return started
}

/** The same for several tests: it ends with `close`. */
export async function openGateway(
  config: TestConfig,
  { plugins = [], env = {}, builtIn }: TestOptions = {},
): Promise<TestGateway & { close(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-test-'))
  const logFile = join(folder, 'access.log')
  const said: string[] = []
  const gateway = await Gateway.start({
    file: join(folder, 'gateway.yaml'),
    text: textOf(config, logFile),
    env: (name) => env[name],
    log: recorder(said),
    plugins,
    ...(builtIn && { builtIn }),
  }).catch(async (error: unknown) => {
    await rm(folder, { recursive: true, force: true })
    throw error
  })
  return {
    url: `http://127.0.0.1:${gateway.address.port}`,
    statusUrl: `http://127.0.0.1:${gateway.statusAddress.port}`,
    gateway,
    lines: (atLeast = 0) => linesOf(gateway, logFile, (lines) => lines.length >= atLeast),
    async linesOf(...ids) {
      const isOurs = (line: LogLine): boolean => ids.includes(String(line['request_id']))
      return (
        await linesOf(gateway, logFile, (lines) => ids.every((id) => lines.some((line) => line['request_id'] === id)))
      ).filter(isOurs)
    },
    logged: () => said.join('\n'),
    apply: (changed) => gateway.apply(textOf(changed, logFile)),
    async close() {
      await gateway.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** One route with `ai-proxy`, for OpenAI unless `config` says otherwise. */
export function aiRoute(endpoint: string, config: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  const { override = {}, ...rest } = config as { override?: object }
  return {
    id: 'ai',
    uri: '/*',
    plugins: { 'ai-proxy': { provider: 'openai', auth: {}, override: { endpoint, ...override }, ...rest } },
  }
}

function textOf(config: TestConfig, logFile: string): string {
  const { gateway = {}, ...resources } = config as { gateway?: { access_log?: unknown } }
  const { access_log: log } = gateway
  const settings = {
    listen: { host: '127.0.0.1', port: 0 },
    status: { listen: { host: '127.0.0.1', port: 0 } },
    access_log: { path: logFile, format },
    ...gateway,
    // Another format of the log that the test reads.
    ...(typeof log === 'object' && log !== null && !('path' in log) && { access_log: { path: logFile, ...log } }),
  }
  return JSON.stringify({ gateway: settings, ...resources })
}

async function linesOf(gateway: Gateway, file: string, isEnough: (lines: LogLine[]) => boolean): Promise<LogLine[]> {
  const deadline = performance.now() + patienceMs
  for (;;) {
    await gateway.flushLog()
    const text = await readFile(file, 'utf8').catch(() => '')
    // Others write meanwhile, page by page: what has no end yet is not a line yet.
    const lines = text
      .slice(0, text.lastIndexOf('\n') + 1)
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as LogLine)
    if (isEnough(lines)) return lines
    if (performance.now() > deadline) throw new Error(`the access log has not got what it should within ${patienceMs} ms:\n${text}`)
    await new Promise((resolve) => setImmediate(resolve)) // the log phase comes after the last byte
  }
}

function recorder(said: string[], bound: object = {}): Logger {
  const write = (fields: object, message?: string): void => {
    said.push(
      `${message ?? ''} ${JSON.stringify({ ...bound, ...fields }, (_, value: unknown) => (value instanceof Error ? { message: value.message, stack: value.stack, cause: value.cause } : value))}`,
    )
  }
  return { debug: write, info: write, warn: write, error: write, child: (fields) => recorder(said, { ...bound, ...fields }) }
}
