import { fileURLToPath } from 'node:url'
import { layOutIdlePlugins } from './idle-plugins.ts'
import { modelOfRoute, variedRoutes } from './requests.ts'
import { chatPath, decoration, embeddingsPath, memoryPath, memoryRoute, messagesPath, providerKey, sentModel, sentTemperature } from './wire.ts'

/** Where one gateway process listens, sends and logs. */
export interface Place {
  /** Of its configuration file. */
  readonly folder: string
  readonly port: number
  readonly statusPort: number
  readonly upstream: string
  readonly accessLog: string
}

export type Resource = Readonly<Record<string, unknown>>

/** A configuration file with one chat route and one for embeddings. */
export function oneRoute(place: Place): Resource {
  return file(place, [chatRoute('chat', place), embeddingsRoute(place)])
}

/** With a route for clients of Anthropic's, whom it translates. */
export function translating(place: Place): Resource {
  return file(place, [{ ...chatRoute('messages', place), uri: messagesPath }])
}

/** `oneRoute` with 10,000 routes: 100 share the chat path and differ by `vars`, the others have hosts, paths and prefixes of their own. */
export function tenThousandRoutes(place: Place): Resource {
  const varied = Array.from({ length: variedRoutes }, (_, n) => ({
    ...chatRoute(`model-${n}`, place),
    vars: [['post_arg.model', '==', modelOfRoute(n)]],
  }))
  const others = Array.from({ length: 9_999 - variedRoutes }, (_, n) => ({ id: `team-${n}`, service_id: 'shared', ...whereabouts(n) }))
  return { ...file(place, [embeddingsRoute(place), ...varied, ...others]), services: [{ id: 'shared', plugins: chatPlugins(place) }] }
}

/** `oneRoute` with 20 more plugins on the chat route; none of their hooks does anything. */
export function twentyPlugins(place: Place): Resource {
  const idle = layOutIdlePlugins(place.folder, 20)
  const chat = chatRoute('chat', place, Object.fromEntries(idle.map(({ name }) => [name, {}])))
  return file(place, [chat, embeddingsRoute(place)], { plugins: idle.map(({ path }) => path) })
}

/** `oneRoute` with a route that collects garbage and says what the process holds. */
export function observed(place: Place): Resource {
  const memory = { id: memoryRoute, uri: memoryPath, methods: ['GET'], plugins: { 'bench-memory': {} } }
  const plugins = [fileURLToPath(new URL('memory-plugin.ts', import.meta.url))]
  return file(place, [chatRoute('chat', place), embeddingsRoute(place), memory], { plugins })
}

function whereabouts(n: number): Resource {
  if (n % 4 === 0) return { uri: `/team-${n}${chatPath}`, methods: ['POST'] }
  if (n % 4 === 1) return { uri: `/team-${n}/*` }
  if (n % 4 === 2) return { uri: chatPath, host: `team-${n}.example` }
  return { uri: `/tenants/:tenant/team-${n}${chatPath}` }
}

function file({ port, statusPort, accessLog }: Place, routes: readonly Resource[], settings: Resource = {}): Resource {
  return {
    version: '1',
    gateway: {
      listen: { host: '127.0.0.1', port },
      status: { listen: { host: '127.0.0.1', port: statusPort } },
      log: { level: 'warn' },
      ...settings,
      access_log: {
        path: accessLog,
        format: {
          time: '$time_iso8601',
          request_id: '$request_id',
          remote_addr: '$remote_addr',
          method: '$request_method',
          uri: '$uri',
          status: '$status',
          request_time: '$request_time',
          route: '$route_id',
          outcome: '$outcome',
          model: '$llm_model',
          prompt_tokens: '$llm_prompt_tokens',
          completion_tokens: '$llm_completion_tokens',
          first_token_ms: '$llm_time_to_first_token',
        },
      },
    },
    routes,
  }
}

function chatRoute(id: string, place: Place, more: Resource = {}): Resource {
  return { id, uri: chatPath, methods: ['POST'], plugins: { ...chatPlugins(place), ...more } }
}

function chatPlugins(place: Place): Resource {
  return {
    'ai-prompt-decorator': { prepend: [{ role: 'system', content: decoration }] },
    'ai-proxy': { ...provider(place), options: { model: sentModel, temperature: sentTemperature } },
  }
}

function embeddingsRoute(place: Place): Resource {
  return { id: 'embeddings', uri: embeddingsPath, methods: ['POST'], plugins: { 'ai-proxy': provider(place) } }
}

function provider({ upstream }: Place): Resource {
  return {
    provider: 'openai',
    auth: { header: { Authorization: `Bearer ${providerKey}` } },
    override: { endpoint: upstream },
    // As many as there are clients, as its operator would set it; the pipe keeps all of its connections.
    keepalive_pool: 256,
  }
}
