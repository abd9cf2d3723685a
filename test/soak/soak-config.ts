import { fileURLToPath } from 'node:url'
import type { Place } from '../bench/gateway-config.ts'
import { faults, sound, type Fault } from './faults.ts'

type Resource = Readonly<Record<string, unknown>>

/** Milliseconds for which a provider may be silent. */
const timeoutMs = 3_000
/** Bytes that a request may have; more is a 413. */
export const mostBytes = 256 * 1024

/** Where the gateway runs, and the two providers behind it. What a faulty one does to a connection must not meet the request of a sound one. */
export interface Setting extends Place {
  readonly workers: number
  readonly faultyUpstream: string
}

/** The file of a generation: routes move, connections and their time limits, priorities and the order of the log's members change. */
export function configOf(place: Setting, generation: number): Resource {
  const providers = Object.keys(faults).flatMap((name, n) => [
    route({ id: `${name}-openai`, uri: `/${name}/openai/*`, provider: 'openai', fault: name as Fault }, place, generation + n),
    route({ id: `${name}-anthropic`, uri: `/${name}/anthropic/*`, provider: 'anthropic', fault: name as Fault }, place, generation + n),
  ])
  const turn = generation % providers.length
  const comesAndGoes = generation % 2 === 0 ? [route({ id: 'sometimes', uri: '/sometimes/*', provider: 'openai', fault: 'none' }, place, generation)] : []
  return {
    version: '1',
    gateway: {
      listen: { host: '127.0.0.1', port: place.port },
      status: { listen: { host: '127.0.0.1', port: place.statusPort } },
      max_body_bytes: mostBytes,
      workers: place.workers,
      plugins: [fileURLToPath(new URL('memory-plugin.ts', import.meta.url))],
      access_log: { path: place.accessLog, format: formatOf(generation) },
    },
    routes: [
      ...providers.slice(turn),
      ...comesAndGoes,
      { id: 'memory', uri: '/soak/memory', plugins: { 'soak-memory': {} } },
      { id: 'plain', uri: '/plain/*', upstream: { nodes: { [new URL(place.upstream).host]: 1 }, keepalive_pool: { size: 1 + (generation % 4), idle_timeout: 60, requests: 1000 } } },
      ...providers.slice(0, turn),
    ],
  }
}

/** Files that must be refused, each for another reason. */
export function invalidText(place: Setting, generation: number): string {
  const config = configOf(place, generation)
  switch (generation % 3) {
    case 0:
      return `${JSON.stringify(config).slice(0, -2)}\n`
    case 1:
      return JSON.stringify({ ...config, routes: [{ id: 'no-uri', plugins: { 'ai-proxy': { provider: 'nobody' } } }] })
    default:
      return JSON.stringify({ ...config, gateway: { ...(config['gateway'] as object), nothing: 1 } })
  }
}

interface Behind {
  readonly id: string
  readonly uri: string
  readonly provider: 'openai' | 'anthropic'
  readonly fault: Fault
}

function route({ id, uri, provider, fault }: Behind, { upstream, faultyUpstream }: Setting, generation: number): Resource {
  const endpoint = sound.has(fault) ? upstream : faultyUpstream
  const header = { Authorization: 'Bearer key', 'x-mock-fault': faults[fault], ...(provider === 'anthropic' && { 'anthropic-version': '2023-06-01' }) }
  const connections = generation % 3 === 0 ? { keepalive: generation % 2 === 0, keepalive_pool: 1 + (generation % 5), timeout: timeoutMs + (generation % 4) } : { timeout: timeoutMs }
  return {
    id,
    uri,
    priority: generation % 2,
    plugins: {
      'ai-proxy': { provider, auth: { header }, override: { endpoint }, ...connections },
      'ai-prompt-decorator': { prepend: [{ role: 'system', content: `in generation ${Math.floor(generation / 10)}` }] },
    },
  }
}

function formatOf(generation: number): Resource {
  const members = { soak: '$http_x_soak', id: '$request_id', status: '$status', outcome: '$outcome' }
  return generation % 2 === 0 ? members : Object.fromEntries(Object.entries(members).toReversed())
}
