import { CommandError } from '../command-error.ts'
import { nameOf, readInput } from '../read-input.ts'
import type { Surroundings } from '../surroundings.ts'
import { isFields, type Fields } from '../fields.ts'
import type { Scope } from './read.ts'
import { keyOf, type ResourceType } from './resource-type.ts'

/** The resources that a file holds: one, a list of them, or a configuration with such a list, as `export` writes it. Throws a `CommandError`. */
export async function readResources(type: ResourceType, file: string, surroundings: Pick<Surroundings, 'stdin'>, scope: Scope): Promise<readonly Fields[]> {
  const value = await readInput(file, surroundings)
  const list = isFields(value) ? (listIn(type, file, value) ?? [value]) : value
  if (!Array.isArray(list) || !list.every(isFields)) throw new CommandError(`${nameOf(file)} must hold a ${type.noun}, or a list of ${type.plural}`)
  if (list.length === 0) throw new CommandError(`${nameOf(file)} holds no ${type.noun}`)
  return type.isOfConsumer ? list.flatMap((one) => ofConsumer(one, scope)) : list
}

/** The list of a configuration; undefined where it is no configuration, but a resource. Throws a `CommandError` for one that holds more. */
function listIn(type: ResourceType, file: string, value: Fields): unknown {
  const found = type.lists.find((name) => Array.isArray(value[name]))
  if (found === undefined) {
    // Metadata of a plugin may have whatever field it likes.
    if (String(value['version']) === '1' && type.key !== 'plugin_name') throw new CommandError(`${nameOf(file)} is a configuration without ${type.plural}`)
    return undefined
  }
  const others = Object.keys(value).filter((name) => name !== found && name !== 'version')
  if (others.length > 0) throw new CommandError(`${nameOf(file)} holds more than ${type.plural}: ${others.join(', ')}`, { advice: [`Apply all of it: sluice config sync -f ${file}`] })
  return value[found]
}

const credential = /^([^/]+)\/credentials\/([^/]+)$/

/** In a configuration a credential is an entry of consumers, `alice/credentials/laptop`. */
function ofConsumer(value: Fields, { consumer }: Scope): readonly Fields[] {
  const [, owner, id] = credential.exec(String(value['id'])) ?? []
  if (owner === undefined) return [value]
  return owner === consumer ? [{ ...value, id }] : []
}

/** A name beside the file and one in it must be the same. */
export function checkedKey(type: ResourceType, key: string | undefined, value: Fields): string | undefined {
  const own = keyOf(type, value)
  if (key !== undefined && own !== undefined && key !== own) throw new CommandError(`the file holds ${type.noun} ${own}, and the command names ${key}`)
  return key
}
