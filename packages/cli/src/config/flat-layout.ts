import { isRecord } from '@sluice/config'
import type { Issue } from '@sluice/kernel'
import type { Layout } from './layout.ts'
import type { FileFormat } from './file-formats.ts'

type Fields = Readonly<Record<string, unknown>>

/** Reads files whose resources stand in flat lists: ours, those of a7, and those of APISIX’s standalone mode. */
export function flatLayout(value: Fields, format: Exclude<FileFormat, 'adc'>): Layout {
  const { gateway, plugins, ssl, ...rest } = value
  const notes: string[] = []
  if (gateway !== undefined) notes.push('gateway: the settings of the process are not synced')
  if (format === 'apisix' && plugins !== undefined) notes.push('plugins: which plugins there are is up to the gateway; not synced')
  const issues = 'version' in value && String(value['version']) !== '1' ? [{ path: ['version'], message: 'is not a version that is known; "1" is' }] : []
  const lists: Record<string, unknown> = Object.fromEntries(Object.entries(rest).filter(([name]) => format !== 'apisix' || !isBookkeeping(name)))
  if (ssl !== undefined) lists['ssls'] = ssl
  if (format !== 'apisix' && plugins !== undefined) lists['plugins'] = plugins // a stranger there
  if (format === 'a7') lists['plugin_metadata'] = metadataById(rest['plugin_metadata'])
  if (format === 'apisix') for (const [name, list] of Object.entries(lists)) lists[name] = withIds(name, list)
  return { lists, placeOf: (path) => placeOf(path, ssl !== undefined), issues, notes, settings: gateway }
}

function placeOf([list, ...rest]: Issue['path'], isSsl: boolean): Issue['path'] {
  if (list === undefined) return []
  return [isSsl && list === 'ssls' ? 'ssl' : list, ...rest]
}

/** What APISIX’s standalone mode keeps beside the resources. */
function isBookkeeping(name: string): boolean {
  return name.endsWith('_conf_version') || name === 'X-Digest' || name === 'X-Last-Modified'
}

/** a7 calls the plugin `plugin_name`. */
function metadataById(list: unknown = []): unknown {
  if (!Array.isArray(list)) return list
  return (list as unknown[]).map((entry) => {
    if (!isRecord(entry)) return entry
    const { plugin_name: id, ...metadata } = entry
    return { ...metadata, ...(id !== undefined && { id }) }
  })
}

/** In a file of APISIX, what has no id goes by its place: `arr_1`. */
function withIds(name: string, list: unknown): unknown {
  if (!Array.isArray(list) || name === 'consumers' || name === 'plugin_metadata') return list
  return (list as unknown[]).map((entry, index) => (isRecord(entry) && !('id' in entry) && !('name' in entry) ? { id: `arr_${index + 1}`, ...entry } : entry))
}
