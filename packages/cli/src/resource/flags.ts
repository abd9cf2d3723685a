import { readFile } from 'node:fs/promises'
import { Option } from 'commander'
import { CommandError } from '../command-error.ts'
import { isFields } from '../fields.ts'

/** A flag that stands for a field, in place of a file. */
export interface Flag {
  /** As the parser takes it; what may be given several times is collected in a list. */
  readonly flags: string
  readonly description: string
  readonly isList?: boolean
  /** The field that it is for; empty: all of them. */
  readonly field: string
  /** What that is called in APISIX's dialect, where it has another name. */
  readonly apisixField?: string
  readonly read: (given: string, flag: string) => unknown
  /** Other spellings of the same field: they go when this one comes. */
  readonly instead?: readonly string[]
}

const text = (given: string): string => given

/** A field that is a text. */
export function textFlag(flags: string, field: string, description: string, instead: readonly string[] = []): Flag {
  return { flags, field, description, read: text, instead }
}

/** A field that is a whole number. */
export function numberFlag(flags: string, field: string, description: string): Flag {
  return {
    flags,
    field,
    description,
    read: wholeNumber,
  }
}

/** Throws a `CommandError`. */
export function wholeNumber(given: string, flag: string): number {
  if (!/^-?\d{1,15}$/.test(given)) throw new CommandError(`${flag}: ${JSON.stringify(given)} is not a whole number`)
  return Number(given)
}

/** A field that is a list: given several times, or with commas. */
export function listFlag(flags: string, field: string, description: string, instead: readonly string[] = []): Flag {
  return { flags, field, description, isList: true, read: (given) => given.split(',').filter((one) => one !== ''), instead }
}

/** A field that is an object, written as JSON. */
export function jsonFlag(flags: string, field: string, description: string): Flag {
  return {
    flags,
    field,
    description,
    async read(given, flag) {
      const { parseConfig } = await import('@sluice/config')
      const { value, issues } = parseConfig(given)
      const [issue] = issues
      if (issue) throw new CommandError(`${flag} ${issue.message}`)
      if (!isFields(value)) throw new CommandError(`${flag} must be an object, such as '{"key-auth": {}}'`)
      return value
    },
  }
}

/** Pairs such as `key=value`: given several times, or with commas. */
export function pairsFlag(flags: string, field: string, description: string, readValue: (value: string, flag: string) => unknown = text): Flag {
  const form = /<(.+)>/.exec(flags)?.[1] ?? 'key=value'
  const readPair = (pair: string, flag: string): object => {
    const at = pair.indexOf('=')
    if (at < 1) throw new CommandError(`${flag}: ${JSON.stringify(pair)} does not have the form ${form}`)
    return { [pair.slice(0, at)]: readValue(pair.slice(at + 1), flag) }
  }
  return {
    flags,
    field,
    description,
    isList: true,
    read(given, flag) {
      const parts = given.split(',')
      // A value may have commas of its own.
      const pairs = parts.every((part) => part.indexOf('=') > 0) ? parts : [given]
      return Object.assign({}, ...pairs.map((pair) => readPair(pair, flag))) as object
    },
  }
}

/** A field that is a text of PEM, in the flag or in a file that it names. */
export function pemFlag(flags: string, field: string, description: string): Flag {
  return {
    flags,
    field,
    description,
    read: async (given, flag) => {
      if (given.includes('-----BEGIN ')) return given
      return readFile(given, 'utf8').catch((error: NodeJS.ErrnoException) => {
        throw new CommandError(`${flag}: ${given} cannot be read: ${error.code === 'ENOENT' ? 'it does not exist' : error.code}`, { cause: error })
      })
    },
  }
}

/** `--labels`, which a7 has, is understood as well. */
export const labelFlag: Flag = pairsFlag('--label, --labels <key=value>', 'labels', 'a label; several times for several')

/** What flags say of a resource. Throws a `CommandError`. */
export async function fieldsOf(flags: readonly Flag[], { given, isScoped }: GivenFlags): Promise<FlagFields> {
  const fields: Record<string, unknown> = {}
  const replaced: string[] = []
  for (const flag of flags) {
    const option = optionOf(flag)
    const said = given[option.attributeName()]
    if (said === undefined) continue
    const values = await Promise.all([said].flat().map((one) => flag.read(String(one), option.long ?? flag.flags)))
    const field = isScoped ? flag.field : (flag.apisixField ?? flag.field)
    replaced.push(...(flag.instead ?? []).filter((name) => name !== field))
    if (field === '') Object.assign(fields, values[0])
    else if (!flag.isList) fields[field] = values[0]
    else fields[field] = values.every(Array.isArray) ? values.flat() : Object.assign({}, ...values)
  }
  return { fields, replaced }
}

export interface GivenFlags {
  /** By the names that the parser gives them. */
  readonly given: Readonly<Record<string, unknown>>
  /** They are for API7's dialect. */
  readonly isScoped: boolean
}

export interface FlagFields {
  readonly fields: Readonly<Record<string, unknown>>
  /** Fields of what is there already that they stand in place of. */
  readonly replaced: readonly string[]
}

/** A flag as the parser knows it. */
export function optionOf({ flags, description, isList = false }: Flag): Option {
  const option = new Option(flags, description)
  return isList ? option.argParser((value: string, before: readonly string[] = []) => [...before, value]) : option
}
