import type { Command, Option } from 'commander'
import type { AdminClient } from '../admin-client.ts'
import type { ConnectionOptions } from '../common-options.ts'
import { configFile } from '../config-folder.ts'
import { connect } from '../connect.ts'
import { connectionOf } from '../connection.ts'
import { readContexts } from '../contexts.ts'
import { listed } from '../resource/read.ts'
import { keyOf } from '../resource/resource-type.ts'
import { resourceTypes } from '../resource/resource-types.ts'
import type { Surroundings } from '../surroundings.ts'
import { valuesOf, type Completing, type Values } from './values.ts'

/** What the last word of a command line may become. */
export interface Candidates {
  readonly words: readonly { readonly word: string; readonly description: string }[]
  /** Names of files may stand there, too. */
  readonly hasFiles: boolean
}

const nothing: Candidates = { words: [], hasFiles: false }
const fileOptions = new Set(['file', 'config', 'caCert', 'clientCert', 'clientKey', 'cert', 'key'])

/** Completes the last of `words`, which begin behind the program's own name. Never rejects: who cannot be asked knows nothing. */
export async function complete(program: Command, words: readonly string[], surroundings: Surroundings, version: string): Promise<Candidates> {
  const place = placeOf(program, words.slice(0, -1))
  const typed = words.at(-1) ?? ''
  let client: AdminClient | undefined
  const completing: Completing = {
    surroundings,
    options: place.options,
    client: async () => (client ??= await connect(await connectionOf(place.options as ConnectionOptions, surroundings), { version, patience: 500 })),
  }
  try {
    const found = await candidatesAt(place, typed, completing)
    return { ...found, words: found.words.filter(({ word }) => word.startsWith(typed)) }
  } catch {
    return nothing
  } finally {
    await client?.close()
  }
}

interface Place {
  readonly command: Command
  readonly options: Readonly<Record<string, string>>
  /** The option whose value is being typed. */
  readonly pending: Option | undefined
}

function placeOf(program: Command, words: readonly string[]): Place {
  let command = program
  let pending: Option | undefined
  const options: Record<string, string> = {}
  for (const word of words) {
    if (pending) {
      options[pending.attributeName()] = word
      pending = undefined
    } else if (word.startsWith('-')) {
      const [name = '', ...value] = word.split('=')
      const option = command.options.find(({ short, long }) => short === name || long === name)
      if (value.length > 0 && option) options[option.attributeName()] = value.join('=')
      else if (option && !option.isBoolean()) pending = option
    } else command = command.commands.find((one) => one.name() === word || one.aliases().includes(word)) ?? command
  }
  return { command, options, pending }
}

async function candidatesAt({ command, pending }: Place, typed: string, completing: Completing): Promise<Candidates> {
  if (pending) return valuesFor(pending, completing)
  const [name = '', value] = typed.split('=', 2)
  const option = value === undefined ? undefined : command.options.find(({ long }) => long === name)
  if (option) return prefixed(`${name}=`, await valuesFor(option, completing))
  if (typed.startsWith('-')) return optionsOf(command)
  const verbs = command.commands.filter((one) => !isHidden(one))
  if (verbs.length > 0) return { words: verbs.map((one) => ({ word: one.name(), description: one.description() })), hasFiles: false }
  return plain((await valuesOf(command)?.(completing)) ?? [])
}

function optionsOf(command: Command): Candidates {
  const shown = command.options.filter(({ hidden, long }) => !hidden && long)
  return { words: [...shown.map(({ long, description }) => ({ word: long ?? '', description })), { word: '--help', description: 'display help for command' }], hasFiles: false }
}

async function valuesFor(option: Option, completing: Completing): Promise<Candidates> {
  const name = option.attributeName()
  if (option.argChoices) return plain(option.argChoices)
  if (fileOptions.has(name)) return { words: [], hasFiles: true }
  return plain((await optionValues[name]?.(completing)) ?? [])
}

/** By the names of options. */
const optionValues: Readonly<Record<string, Values>> = {
  context: async ({ surroundings }) => (await readContexts(configFile(surroundings))).contexts.map(({ name }) => name),
  gatewayGroup: keysOf('gateway-group'),
  consumer: keysOf('consumer'),
  serviceId: keysOf('service'),
  upstreamId: keysOf('upstream'),
  groupId: keysOf('consumer-group'),
}

/** What there is of a kind, as the gateway knows it. */
export function keysOf(name: string): Values {
  return async ({ client, options: { consumer } }) => {
    const type = resourceTypes.find((one) => one.name === name)
    if (!type || (type.isOfConsumer && consumer === undefined)) return []
    const found = await listed(type, await client(), { consumer })
    return found.flatMap((value) => keyOf(type, value) ?? [])
  }
}

function plain(words: readonly string[]): Candidates {
  return { words: words.map((word) => ({ word, description: '' })), hasFiles: false }
}

function prefixed(prefix: string, { words, ...rest }: Candidates): Candidates {
  return { words: words.map((one) => ({ ...one, word: prefix + one.word })), ...rest }
}

function isHidden(command: Command): boolean {
  return command.name().startsWith('_')
}
