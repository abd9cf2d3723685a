import { isFields, type Fields } from '../fields.ts'

/** A column of a table of resources. */
export interface Column {
  readonly header: string
  readonly cell: (value: Fields) => string
}

/** A field, as people read it: lists with commas, maps by their keys. */
export function field(header: string, ...names: readonly string[]): Column {
  return { header, cell: (value) => shown(names.map((name) => value[name]).find((one) => one !== undefined)) }
}

/** Where a route listens, however that is written. */
export const paths: Column = field('PATHS', 'paths', 'uris', 'uri')
export const hosts: Column = field('HOSTS', 'hosts', 'host')
export const id: Column = field('ID', 'id')
export const name: Column = field('NAME', 'name')
export const description: Column = field('DESCRIPTION', 'desc', 'description')
export const plugins: Column = field('PLUGINS', 'plugins')
export const labels: Column = { header: 'LABELS', cell: ({ labels: written }) => (isFields(written) ? Object.entries(written).map(([key, value]) => `${key}=${String(value)}`).join(',') : '') }
/** Something that serves is as usual, and not said. */
export const status: Column = { header: 'STATUS', cell: ({ status: written }) => (written === 0 ? 'disabled' : '') }
/** `{ "host:port": weight }`, or a list of the same. */
export const nodes: Column = {
  header: 'NODES',
  cell: ({ nodes: written }) => {
    if (!Array.isArray(written)) return isFields(written) ? Object.entries(written).map(([node, weight]) => `${node}=${String(weight)}`).join(',') : ''
    return written.filter(isFields).map(({ host, port, weight }) => `${String(host)}${port === undefined ? '' : `:${String(port)}`}=${String(weight)}`).join(',')
  },
}

function shown(value: unknown): string {
  if (value === undefined || value === null) return ''
  if (Array.isArray(value)) return value.map(shown).join(',')
  return isFields(value) ? Object.keys(value).join(',') : String(value)
}
