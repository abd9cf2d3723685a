import type { Call } from '../cli.ts'
import type { Format } from '../common-options.ts'
import { formatValue } from '../format-value.ts'
import { table } from '../table.ts'
import type { Fields } from '../fields.ts'
import type { ResourceType } from './resource-type.ts'
import type { Written } from './write.ts'

/** Prints one resource, or a list of them. */
export function printResources(type: ResourceType, shown: Fields | readonly Fields[], { print, format, surroundings: { stdout } }: Pick<Call, 'print' | 'surroundings'> & { readonly format: Format }): void {
  if (format !== 'table') {
    print(formatValue(shown, format))
    return
  }
  const rows = [shown].flat().map((value) => type.columns.map(({ cell }) => cell(value as Fields)))
  print(table(type.columns.map(({ header }) => header), rows, stdout.isTTY ? stdout.columns : undefined))
}

/** With `--output` what was written is shown, as it is now. */
export function printWritten(type: ResourceType, done: readonly Written[], { format, print, surroundings }: Pick<Call, 'format' | 'print' | 'surroundings'>): void {
  if (format === undefined) return
  const values = done.map(({ value }) => value)
  const shown = values.length === 1 && values[0] ? values[0] : values
  if (format === 'table') printResources(type, values, { format, print, surroundings })
  else print(formatValue(shown, format))
}
