import { isRecord } from '@sluice/config'
import { nearestOf, type Issue } from '@sluice/kernel'
import { adcId, managerLabel, ownerLabel } from './adc-names.ts'
import type { Layout } from './layout.ts'

type Fields = Readonly<Record<string, unknown>>
type Path = Issue['path']

/** Marks what belongs to ADC’s file, as ADC does. */
const managed = { [managerLabel]: 'adc' }

const known = ['services', 'ssls', 'consumers', 'consumer_groups', 'global_rules', 'plugin_metadata']

/** Reads a file of ADC, where resources stand in each other and go by digests of their names. https://docs.api7.ai/apisix/reference/adc */
export function adcLayout(value: Fields): Layout {
  const reader = new Reader()
  for (const name of Object.keys(value)) if (!known.includes(name)) reader.stranger(name)
  for (const [path, service] of reader.items(['services'], value['services'])) readService(reader, path, service)
  for (const [path, ssl] of reader.items(['ssls'], value['ssls'])) readSsl(reader, path, ssl)
  for (const [path, consumer] of reader.items(['consumers'], value['consumers'])) readConsumer(reader, path, consumer)
  for (const [name, plugin] of reader.members(['global_rules'], value['global_rules'])) reader.add('global_rules', { id: name, plugins: { [name]: plugin } }, ['global_rules', name], [])
  for (const [name, metadata] of reader.members(['plugin_metadata'], value['plugin_metadata'])) reader.add('plugin_metadata', isRecord(metadata) ? { ...metadata, id: name } : metadata, ['plugin_metadata', name])
  const notes = value['consumer_groups'] === undefined ? [] : ['consumer_groups: ADC does not sync them, and neither is it done here']
  return { lists: reader.lists, placeOf: (path) => reader.placeOf(path), issues: reader.issues, notes }
}

interface Origin {
  readonly path: Path
  /** Where below it the configuration of its one plugin stands; undefined: below `plugins`, as here. */
  readonly plugin: Path | undefined
}

class Reader {
  readonly lists: Record<string, unknown[]> = {}
  readonly issues: Issue[] = []
  readonly #origins = new Map<string, Origin>()

  problem(path: Path, message: string): void {
    this.issues.push({ path, message })
  }

  stranger(name: string): void {
    const nearest = nearestOf(name, known)
    this.problem([name], `is not a known field of a file of ADC${nearest === undefined ? '' : `; did you mean ${nearest}?`}`)
  }

  add(list: string, value: unknown, path: Path, plugin?: Path): void {
    const all = (this.lists[list] ??= [])
    this.#origins.set(`${list}\0${all.length}`, { path, plugin })
    all.push(value)
  }

  placeOf([list, index, ...field]: Path): Path {
    const origin = this.#origins.get(`${list}\0${index}`)
    if (!origin) return [list, index].filter((step) => step !== undefined)
    const isInPlugin = origin.plugin !== undefined && field[0] === 'plugins'
    return [...origin.path, ...(isInPlugin ? [...origin.plugin, ...field.slice(2)] : field)]
  }

  *items(path: Path, list: unknown = []): Generator<readonly [path: Path, item: Fields]> {
    if (!Array.isArray(list)) return this.problem(path, 'must be a list')
    for (const [index, item] of (list as unknown[]).entries()) {
      if (isRecord(item)) yield [[...path, index], item]
      else this.problem([...path, index], 'must be an object')
    }
  }

  members(path: Path, map: unknown = {}): [string, unknown][] {
    if (isRecord(map)) return Object.entries(map)
    this.problem(path, 'must be a map by plugin name')
    return []
  }

  /** What its id is made of; undefined where it is missing, which is a problem. */
  text(path: Path, item: Fields, field: string): string | undefined {
    const value = item[field]
    if (typeof value === 'string' && value !== '') return value
    this.problem([...path, field], value === undefined ? 'is required' : 'must be a text')
    return undefined
  }
}

function readService(reader: Reader, path: Path, { routes, stream_routes: streams, upstreams, ...service }: Fields): void {
  const name = reader.text(path, service, 'name')
  if (name === undefined) return
  const id = service['id'] ?? adcId(name)
  reader.add('services', resource({ ...service, id }), path)
  const inner = [
    ['routes', routes, { service_id: id }, managed],
    ['stream_routes', streams, { service_id: id }, managed],
    ['upstreams', upstreams, {}, { [ownerLabel]: id }],
  ] as const
  for (const [list, items, more, labels] of inner) {
    for (const [at, item] of reader.items([...path, list], items)) {
      const own = reader.text(at, item, 'name')
      if (own !== undefined) reader.add(list, resource({ ...item, ...more, id: item['id'] ?? adcId(name, own) }, labels), at)
    }
  }
}

function readConsumer(reader: Reader, path: Path, { credentials, ...consumer }: Fields): void {
  const username = reader.text(path, consumer, 'username')
  if (username === undefined) return
  reader.add('consumers', resource(consumer), path)
  for (const [at, item] of reader.items([...path, 'credentials'], credentials)) {
    const [name, type] = [reader.text(at, item, 'name'), reader.text(at, item, 'type')]
    if (name === undefined || type === undefined) continue
    const { type: _type, config = {}, metadata: _metadata, id: _id, ...rest } = item
    const id = `${username}/credentials/${String(item['id'] ?? adcId(username, name))}`
    reader.add('consumers', { ...resource(rest, {}), id, plugins: { [type]: config } }, at, ['config'])
  }
}

function readSsl(reader: Reader, path: Path, { certificates, ...ssl }: Fields): void {
  const { snis } = ssl
  const pairs = [...reader.items([...path, 'certificates'], certificates)].map(([at, pair]) => [reader.text(at, pair, 'certificate'), reader.text(at, pair, 'key')])
  if (!Array.isArray(snis) || snis.length === 0) reader.problem([...path, 'snis'], 'is required')
  else if (pairs.length === 0) reader.problem([...path, 'certificates'], 'is required')
  else {
    const [[cert, key] = [], ...others] = pairs
    const more = others.length > 0 ? { certs: others.map(([one]) => one), keys: others.map(([, one]) => one) } : {}
    reader.add('ssls', resource({ ...ssl, cert, key, ...more, id: ssl['id'] ?? adcId(snis.join(',')) }), path)
  }
}

/** In the words of the Admin API. What is wrong in it stays for the server to tell. */
function resource({ description, labels = {}, ...rest }: Fields, more: Fields = managed): Fields {
  const own = isRecord(labels) ? { ...Object.fromEntries(Object.entries(labels).map(([name, label]) => [name, Array.isArray(label) ? JSON.stringify(label) : label])), ...more } : labels
  return { ...rest, ...(description !== undefined && { desc: description }), ...(JSON.stringify(own) !== '{}' && { labels: own }) }
}
