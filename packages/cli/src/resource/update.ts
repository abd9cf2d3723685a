import type { Command } from 'commander'
import type { Call, Cli } from '../cli.ts'
import { CommandError } from '../command-error.ts'
import { keysOf } from '../completion/complete.ts'
import { withValues } from '../completion/values.ts'
import type { KernelSource } from '../config/plan-files.ts'
import { exitCode } from '../exit-code.ts'
import { nameOf } from '../read-input.ts'
import type { Fields } from '../fields.ts'
import { fieldsOf } from './flags.ts'
import { checkedKey, readResources } from './input.ts'
import { printWritten } from './print.ts'
import { getOne } from './read.ts'
import { keyOf, type ResourceType } from './resource-type.ts'
import { dryRunOption, fileOption, verbCommand } from './verb-command.ts'
import { replacementOf, write, type WriteOptions } from './write.ts'

/** `update`: a file takes the place of what is there; flags change the fields that they are for, and leave the others. */
export function addUpdate(cli: Cli, parent: Command, type: ResourceType, kernelOf: KernelSource): void {
  const { id, update } = type.example
  const { kind } = type
  const command = verbCommand(parent, type, {
    usage: `update [${type.keyName}]`,
    description: `Replace a ${type.noun} with what a file holds, or change the fields that flags name.`,
    options: kind ? [fileOption(), dryRunOption()] : [fileOption()],
    flags: type.flags,
    output: 'print what it is now (json, yaml, table) instead of a line that says so',
    examples: [`${id} -f ${type.name}.yaml`, ...(kind ? [`${id} ${update} --dry-run`] : []), `${id} ${update}`],
  })
  withValues(command, keysOf(type.name))
  cli.on<WriteOptions>(command, async (call) => {
    const { key, value } = await wantedOf(type, call)
    const client = await call.client()
    const request = replacementOf(type, client, key, value, call.options)
    if (call.options.dryRun === true && kind) return (await import('./preview.ts')).preview(type, kind, client, [{ key, request }], call, kernelOf)
    const done = await write(type, client, request, key)
    if (call.format === undefined) call.print(done.told)
    printWritten(type, [done], call)
    return exitCode.same
  })
}

interface WantedResource {
  readonly key: string
  readonly value: Fields
}

async function wantedOf(type: ResourceType, { args: [named], options, surroundings, client: connect }: Call<WriteOptions>): Promise<WantedResource> {
  const client = await connect()
  const { fields, replaced } = await fieldsOf(type.flags, { given: options, isScoped: client.isScoped })
  if (options.file !== undefined) {
    const [value, ...others] = await readResources(type, options.file, surroundings, options)
    if (!value || others.length > 0) throw new CommandError(`${nameOf(options.file)} must hold one ${type.noun}`, { advice: [`Write several with sluice ${type.name} create -f ${options.file}`] })
    return { key: checkedKey(type, named, value) ?? keyOf(type, value) ?? nameless(type), value: { ...value, ...fields } }
  }
  const { [type.key]: own, ...changed } = fields
  const key = named ?? (typeof own === 'string' ? own : nameless(type))
  if (Object.keys(changed).length === 0) throw new CommandError(`nothing says what is to change about ${type.noun} ${key}`, { advice: ['Give a file with -f, or flags; --help tells which.'] })
  const there = await getOne(type, client, key, options)
  const kept = Object.fromEntries(Object.entries(there).filter(([name]) => !replaced.includes(name)))
  return { key, value: { ...kept, ...changed } }
}

function nameless(type: ResourceType): never {
  throw new CommandError(`nothing says which ${type.noun} is meant`, { advice: [`sluice ${type.name} update <${type.keyName}> --help`] })
}
