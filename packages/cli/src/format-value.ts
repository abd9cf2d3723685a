import { stringify } from 'yaml'

/** A value as people and programs read it; no line end behind it. */
export function formatValue(value: unknown, format: 'json' | 'yaml'): string {
  if (format === 'json') return withoutC1(JSON.stringify(value, undefined, 2) ?? 'null')
  return stringify(value, { lineWidth: 0, aliasDuplicateObjects: false }).trimEnd()
}

/** JSON lets control characters of the second kind through, terminals obey them. */
function withoutC1(json: string): string {
  return json.replaceAll(/[\u007F-\u009F]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
