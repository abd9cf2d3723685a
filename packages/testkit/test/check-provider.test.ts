import { defineProvider, type Provider } from '@sluice/provider'
import { aimlapi } from '@sluice/provider-aimlapi'
import { anthropic } from '@sluice/provider-anthropic'
import { azureOpenai } from '@sluice/provider-azure-openai'
import { bedrock } from '@sluice/provider-bedrock'
import { deepseek } from '@sluice/provider-deepseek'
import { gemini } from '@sluice/provider-gemini'
import { openai } from '@sluice/provider-openai'
import { openaiCompatible } from '@sluice/provider-openai-compatible'
import { openrouter } from '@sluice/provider-openrouter'
import { vertexAi } from '@sluice/provider-vertex-ai'
import { expect, test } from 'vitest'
import { checkProvider, fixtures, readFixture } from '../src/index.ts'

const all = [aimlapi, anthropic, azureOpenai, bedrock, deepseek, gemini, openai, openaiCompatible, openrouter, vertexAi]

test.for(all.map((provider) => [provider.name, provider] as const))('%s keeps the contract and reads what it recorded', ([, provider]) => {
  expect(checkProvider(provider)).toEqual([])
})

test('every fixture can be read from disk', () => {
  expect(fixtures().length).toBeGreaterThan(100)
  for (const fixture of fixtures()) expect([fixture.id, readFixture(fixture).byteLength]).not.toEqual([fixture.id, 0])
})

const right = { name: 'some-provider', origin: 'https://api.example.com', speaks: { 'openai-chat': {} } } as const

/** A function that gives another answer each time. */
function unsteady<T>(...answers: T[]): () => T {
  let turn = 0
  return () => answers[turn++ % answers.length] as T
}

test.for<[string, Partial<Provider>, string]>([
  ['a name with capitals', { name: 'OpenAI' }, 'not in lower case'],
  ['an origin without TLS', { origin: 'http://api.example.com' }, 'must be a scheme of https and a host'],
  ['an origin with a path', { origin: 'https://api.example.com/v1' }, 'must be a scheme of https and a host'],
  ['an origin that a region can bend', { origin: ({ region }) => `https://${region}.example.com` }, 'evil.example'],
  ['an origin that changes', { origin: unsteady('https://a.example', 'https://b.example') }, 'not pure'],
  ['an origin that throws', { origin: ({ region }) => `https://${region!.trim()}.example.com` }, 'threw'],
  ['a base with a slash at its end', { base: '/v1/' }, 'ends without one'],
  ['a base that climbs', { base: ({ project_id: id }) => `/v1/${id}` }, 'base with provider_conf {"project_id":"../..'],
  ['a base of one dialect that climbs', { speaks: { gemini: { base: ({ region }) => `/v1/${region}` } } }, 'base for gemini with provider_conf {"project_id":"../..'],
  ['an unknown dialect', { speaks: { 'openai-telepathy': {} } as Provider['speaks'] }, 'no dialect'],
  ['no dialect', { speaks: {} }, 'speaks no dialect'],
  ['a path that is not encoded', { speaks: { 'openai-chat': { path: ({ model }) => `/models/${model}` } } }, 'encoded path from the root'],
  ['a relative path', { speaks: { 'openai-chat': { path: () => 'chat' } } }, 'encoded path from the root'],
  ['a token limit without a member', { speaks: { 'openai-chat': { tokenLimit: { member: '' } } } }, 'has no member name'],
  [
    'a token limit that replaces itself',
    { speaks: { 'openai-chat': { tokenLimit: { member: 'max_tokens', replaces: ['max_tokens'] } } } },
    'other members than max_tokens',
  ],
  ['omits that gives no list', { speaks: { 'openai-chat': { omits: () => 'model' as never } } }, 'no list of member names'],
  ['a header in capitals', { headers: { 'X-Version': '1' } }, 'not in lower case'],
  ['a credential', { headers: { 'x-api-key': 'sk-1' } }, 'is a credential'],
  ['a header that would split', { headers: { 'x-version': 'a\r\nb' } }, 'no value that could be sent'],
  ['problems that change', { problems: unsteady<string[]>([], ['something']) }, 'not pure'],
  ['problems with everything', { problems: () => ['I dislike it'] }, 'finds fault with a complete configuration'],
  ['problems that are no texts', { problems: () => [''] }, 'no list of sentences'],
])('it finds %s', ([, wrong, problem]) => {
  expect(checkProvider(defineProvider({ ...right, ...wrong })).join('\n')).toContain(problem)
})

test('it wants a provider without an origin to ask for an endpoint', () => {
  const { origin: _, ...homeless } = right
  expect(checkProvider(defineProvider(homeless)).join('\n')).toContain('must ask for override.endpoint')
})

test('it finds nothing wrong with what is right', () => {
  expect(checkProvider(defineProvider(right))).toEqual([])
})

test('it finds answers that are not read as expected', () => {
  const [fixture] = fixtures().filter(({ id }) => id === 'openai-chat-basic')
  const body = Buffer.from(String(readFixture(fixture!)).replace('"prompt_tokens": 12', '"prompt_tokens": 13'))
  const found = checkProvider(defineProvider(right), { answers: [{ ...fixture!, body }] })
  expect(found).toEqual(['fixture openai-chat-basic: prompt tokens: read 13, expected 12'])
})

test.for([
  ['gemini', 'gemini', 'gemini-basic', '"promptTokenCount": 10'],
  ['bedrock', 'bedrock-converse', 'bedrock-basic', '"inputTokens":53'],
] as const)('it reads what %s answers in its own dialect', ([name, dialect, id, count]) => {
  const native = defineProvider({ ...right, name, speaks: { [dialect]: {} } })
  expect(fixtures().filter(({ provider }) => provider === name).length).toBeGreaterThan(5)
  expect(checkProvider(native)).toEqual([])
  const fixture = fixtures().find((one) => one.id === id)!
  const text = String(readFixture(fixture))
  expect(text).toContain(count)
  const answers = [{ ...fixture, body: Buffer.from(text.replace(count, `${count}1`)) }]
  expect(checkProvider(native, { answers }).join('\n')).toContain(`fixture ${id}: prompt tokens: read`)
})
