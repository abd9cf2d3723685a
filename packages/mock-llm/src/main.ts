#!/usr/bin/env node
import { Command, InvalidArgumentError } from 'commander'
import { startMockLlm, type MockLlm } from './start-mock-llm.ts'

interface Flags {
  readonly listen?: { readonly host: string; readonly port: number }
  readonly tokensPerSecond: number
  readonly firstTokenMs: number
  readonly fixtures?: string
  readonly quiet?: boolean
}

new Command('mock-llm')
  .description(
    'An LLM provider that needs no key: OpenAI chat, embeddings and Responses, Anthropic Messages, Gemini and Bedrock Converse.',
  )
  .option(
    '-l, --listen <host:port>',
    'where to listen, 127.0.0.1:9100 unless given; port 0: a free one',
    toAddress,
  )
  .option('-t, --tokens-per-second <number>', 'how fast streams come; 0 is as fast as possible', toNumber, 40)
  .option('-f, --first-token-ms <number>', 'how long every answer thinks, in milliseconds', toNumber, 200)
  .option('--fixtures <folder>', 'a folder with manifest.json, for requests with "x-mock-fault: fixture=ID"')
  .option('-q, --quiet', 'no line per request')
  .addHelpText(
    'after',
    '\nFaults: the header x-mock-fault, "status=429,header.retry-after=2" or "cutAfter=3".',
  )
  .action(run)
  .parseAsync()
  .catch((error: unknown) => {
    process.stderr.write(`mock-llm: ${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 1
  })

async function run({ listen = { host: '127.0.0.1', port: 9_100 }, quiet, ...options }: Flags): Promise<void> {
  const mock = await startMockLlm({ ...options, ...listen, keepRequests: 0, ...(!quiet && { log: say }) })
  say(`mock-llm listens on ${mock.url} and wants no key. Try:`)
  say(`  curl -N ${mock.url}/v1/chat/completions -H 'content-type: application/json' \\`)
  say(`    -d '{"model":"gpt-4o","stream":true,"messages":[{"role":"user","content":"Hello!"}]}'`)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop(mock))
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

function stop(mock: MockLlm): void {
  void mock.close()
}

function toAddress(text: string): NonNullable<Flags['listen']> {
  const [, host = '', digits] = /^(.*):(\d{1,5})$/.exec(text) ?? []
  const port = Number(digits)
  if (digits === undefined || port > 65_535)
    throw new InvalidArgumentError('give host:port, such as 127.0.0.1:9100.')
  return { host: host.replace(/^\[(.*)\]$/, '$1') || '127.0.0.1', port }
}

function toNumber(text: string): number {
  const value = Number(text)
  if (text.trim() !== '' && value >= 0 && value <= 1_000_000) return value
  throw new InvalidArgumentError('give a number from 0 to 1000000.')
}
