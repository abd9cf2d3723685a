import { stringify } from 'yaml'

/** Where the gateway sends, and where it logs. */
export interface ConfigPlace {
  readonly upstream: string
  readonly accessLog: string
}

type Resource = Readonly<Record<string, unknown>>

/** Every how many generations the `ledger` of a route changes; the last one never does. */
const periods = [1, 2, 3, 5, 10, 50, Infinity]
/** Of these routes, by their number in `periods`, one is missing in every seventh generation. */
const comeAndGo = [3, 4]

/** Metadata makes all chains anew at once; afterwards each lives on as long as its own route is unchanged, and what one keeps alive shows. */
const lastMetadata = 120

/** Every path that a client may ask for; each takes a chat but the last, which is an ordinary upstream's. */
export const paths: readonly string[] = [...periods.map((_, n) => `/s/${n}/v1/chat/completions`), '/steady/v1/chat/completions', '/plain/file']

/** What the `ledger` of the route at `path` is configured with in a generation; undefined where there is no such route then. */
export function ledgerOf(path: string, generation: number): number | undefined {
  if (path === '/plain/file') return Math.floor(generation / 4)
  if (path.startsWith('/steady/')) return 0
  const n = Number(path.split('/')[2])
  if (comeAndGo.includes(n) && generation % 7 === n) return undefined
  return Math.floor(generation / (periods[n] ?? 1))
}

/** The file of a generation: each differs from the one before in several ways, and some are YAML. */
export function configText(generation: number, place: ConfigPlace): string {
  const config = configOf(generation, place)
  return generation % 10 === 0 ? stringify(config) : JSON.stringify(config)
}

/** Files that must be refused, each for another reason; `kind` counts on. */
export function invalidText(kind: number, generation: number, place: ConfigPlace): string {
  const config = configOf(generation, place)
  switch (kind % 5) {
    case 0:
      return stringify(config).slice(0, -40) + '\n  - {'
    case 1:
      return JSON.stringify({ ...config, routes: [...routesOf(generation, place), { id: 'bad', uri: 'no-slash', plugins: { 'ai-proxy': {} } }] })
    case 2:
      return JSON.stringify({ ...config, routes: [...routesOf(generation, place), { id: 'moody', uri: '/moody', plugins: { ledger: { generation }, moody: {} } }] })
    case 3:
      return JSON.stringify({ ...config, gateway: { ...(config['gateway'] as object), access_log: { path: '/no/such/folder/access.log' } } })
    default:
      return ''
  }
}

function configOf(generation: number, place: ConfigPlace): Resource {
  const routes = routesOf(generation, place)
  const turn = generation % routes.length
  return {
    version: '1',
    gateway: {
      listen: { host: '127.0.0.1', port: 0 },
      status: { listen: { host: '127.0.0.1', port: 0 } },
      access_log: { path: place.accessLog, format: formatOf(generation) },
      max_body_bytes: 1024 * 1024 + (generation % 3),
    },
    plugin_metadata: { ledger: { note: `since ${Math.floor(Math.min(generation, lastMetadata) / 40)}` } },
    global_rules: [{ id: 'all', plugins: { visits: { header: 'x-visits-all' } } }],
    services: [{ id: 'plain', upstream: upstreamOf(generation, place) }],
    routes: [...routes.slice(turn), ...routes.slice(0, turn)],
  }
}

/** Lines of either format begin with the id, the status and the outcome. */
function formatOf(generation: number): unknown {
  if (generation % 10 >= 3) return { id: '$request_id', status: '$status', outcome: '$outcome' }
  return `$request_id $status $outcome ${generation}`
}

function routesOf(generation: number, place: ConfigPlace): readonly Resource[] {
  const provider = (more: object = {}): object => ({ provider: 'openai', auth: { header: { Authorization: 'Bearer key' } }, override: { endpoint: place.upstream }, ...more })
  const changing = paths.slice(0, periods.length).flatMap((uri, n) => {
    const ledger = ledgerOf(uri, generation)
    if (ledger === undefined) return []
    const connections = n % 2 === 0 ? {} : { timeout: 60_000 + (generation % 3), keepalive: generation % 5 !== 0, keepalive_pool: 1 + (generation % 4) }
    return [{ id: `s${n}`, uri, priority: (generation * n) % 3, plugins: { ledger: { generation: ledger }, 'ai-proxy': provider(connections) } }]
  })
  return [
    ...changing,
    // Whatever is changed here is none of the plugins' business.
    { id: 'steady', uri: '/steady/*', desc: `seen in ${generation}`, priority: generation % 2, plugins: { ledger: { generation: 0 }, visits: { header: 'x-visits' }, 'ai-proxy': provider() } },
    { id: 'plain', uri: '/plain/*', service_id: 'plain', plugins: { ledger: { generation: Math.floor(generation / 4) } } },
    { id: 'unused', uri: `/unused/${generation}`, methods: ['PUT'], service_id: 'plain' },
  ]
}

function upstreamOf(generation: number, { upstream }: ConfigPlace): Resource {
  const keepalive = { size: 1 + (generation % 3), idle_timeout: 60, requests: 1000 }
  return { nodes: { [new URL(upstream).host]: 1 }, timeout: { connect: 30, send: 30, read: 30 + (generation % 2) }, keepalive_pool: keepalive }
}
