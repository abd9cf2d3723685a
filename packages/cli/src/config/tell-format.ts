import { isRecord, type Problem } from '@sluice/config'
import { formatPath, type Issue } from '@sluice/kernel'
import { fileFormats, type FileFormat } from './file-formats.ts'

/** A place that only some formats have. */
interface Sign {
  readonly path: Issue['path']
  readonly of: readonly FileFormat[]
  /** What to call it where it has no path. */
  readonly name?: string
}

type Fields = Readonly<Record<string, unknown>>

const flat: readonly FileFormat[] = ['sluice', 'a7', 'apisix']
const noA7: readonly FileFormat[] = ['sluice', 'apisix']

/** Members at the top that tell something by being there. */
const tops: Readonly<Record<string, readonly FileFormat[]>> = {
  gateway: ['sluice'],
  version: ['sluice', 'a7'],
  ssl: ['a7'],
  ssls: ['sluice', 'adc', 'apisix'],
  plugins: ['apisix'],
  ...Object.fromEntries(['routes', 'upstreams', 'plugin_configs', 'secrets', 'protos', 'stream_routes'].map((name) => [name, flat])),
}

/** Members of entries that ADC alone writes. */
const nested: Readonly<Record<string, readonly string[]>> = {
  services: ['routes', 'stream_routes', 'upstreams', 'description'],
  consumers: ['credentials', 'description'],
  consumer_groups: ['consumers', 'description'],
  ssls: ['certificates', 'description'],
}

/**
 * Tells by what a file holds whose format it has. A problem names the fields that say different things, or what would
 * tell: nothing is guessed where it makes a difference.
 */
export function tellFormat(value: Fields, text: string): { readonly format: FileFormat } | { readonly problem: Problem } {
  const signs = signsOf(value, text)
  let left: readonly FileFormat[] = fileFormats
  for (const sign of signs) {
    const still = left.filter((format) => sign.of.includes(format))
    if (still.length === 0) return { problem: mixed(sign, signs) }
    left = still
  }
  if (left.length === 1 && left[0]) return { format: left[0] }
  if (left.includes('adc')) {
    const index = serviceWithoutId(value)
    if (index >= 0) return { problem: ambiguous(['services', index]) }
  }
  // In what is left, a7’s files and ours say the same, and so do APISIX’s and ours.
  return { format: 'version' in value ? 'sluice' : 'apisix' }
}

function signsOf(value: Fields, text: string): Sign[] {
  const signs: Sign[] = Object.keys(value).flatMap((name) => {
    const of = tops[name] ?? (name.endsWith('_conf_version') ? (['apisix'] as const) : undefined)
    return of ? [{ path: [name], of }] : []
  })
  if (/^#END\s*$/m.test(text.slice(text.trimEnd().lastIndexOf('\n') + 1))) signs.push({ path: [], of: ['apisix'], name: '#END' })
  for (const [list, names] of Object.entries(nested)) {
    for (const [index, entry] of entriesOf(value[list])) {
      for (const name of names) if (name in entry) signs.push({ path: [list, index, name], of: ['adc'] })
      if (list === 'ssls' && 'cert' in entry) signs.push({ path: [list, index, 'cert'], of: noA7 })
      if (list === 'consumers' && typeof entry['id'] === 'string' && entry['id'].includes('/credentials/')) signs.push({ path: [list, index, 'id'], of: noA7 })
    }
  }
  if (Array.isArray(value['global_rules'])) signs.push({ path: ['global_rules'], of: flat, name: 'global_rules (a list)' })
  if (isRecord(value['global_rules'])) signs.push({ path: ['global_rules'], of: ['adc'], name: 'global_rules (a map)' })
  if (isRecord(value['plugin_metadata'])) signs.push({ path: ['plugin_metadata'], of: ['sluice', 'adc'], name: 'plugin_metadata (a map)' })
  for (const [index, entry] of entriesOf(value['plugin_metadata'])) {
    if ('plugin_name' in entry) signs.push({ path: ['plugin_metadata', index, 'plugin_name'], of: ['a7'] })
    else if ('id' in entry) signs.push({ path: ['plugin_metadata', index, 'id'], of: noA7 })
  }
  return signs
}

function entriesOf(list: unknown): (readonly [index: number, entry: Fields])[] {
  if (!Array.isArray(list)) return []
  return [...(list as unknown[]).entries()].flatMap(([index, entry]) => (isRecord(entry) ? [[index, entry] as const] : []))
}

/** ADC makes an id out of its name, the others take the name for one. */
function serviceWithoutId({ services }: Fields): number {
  return entriesOf(services).find(([, entry]) => !('id' in entry))?.[0] ?? -1
}

function mixed(last: Sign, signs: readonly Sign[]): Problem {
  // Of many fields that say the same the first is enough.
  const telling = new Map(signs.map((sign) => [sign.of.join(), sign]).toReversed() as [string, Sign][])
  const said = [...telling.values()].toReversed().map((sign) => `${nameOf(sign)} is of ${sign.of.map((format) => titles[format]).join(' or ')}`)
  return { path: last.path, message: `mixes formats: ${said.join(', ')}` }
}

function ambiguous(path: Issue['path']): Problem {
  return { path, message: `may be of ${titles.adc} or of another format, and its id depends on which; write an id or version: "1", or say --format` }
}

function nameOf({ path, name }: Sign): string {
  return name ?? formatPath(path)
}

/** In messages. */
export const titles: Readonly<Record<FileFormat, string>> = { sluice: 'Sluice', a7: 'a7', adc: 'ADC', apisix: 'APISIX' }
