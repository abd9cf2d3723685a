import type { Command } from 'commander'
import type { Call, Cli } from '../cli.ts'
import { CommandError } from '../command-error.ts'
import type { KernelSource } from '../config/plan-files.ts'
import { exitCode } from '../exit-code.ts'
import { formatValue } from '../format-value.ts'
import { fieldsOf } from './flags.ts'
import { readResources } from './input.ts'
import { printResources } from './print.ts'
import { keyOf, kindOf, type ResourceType } from './resource-type.ts'
import { dryRunOption, fileOption, verbCommand } from './verb-command.ts'
import { creationOf, write, type Draft, type Written } from './write.ts'

export interface WriteOptions extends Readonly<Record<string, unknown>> {
  readonly file?: string
  readonly consumer?: string
  readonly dryRun?: boolean
}

/** `create`: what a file holds, or what flags say. */
export function addCreate(cli: Cli, parent: Command, type: ResourceType, kernelOf: KernelSource): void {
  const { id, document, create } = type.example
  const kind = kindOf(type)
  const named = type.isOfConsumer ? `${id} ` : ''
  const command = verbCommand(parent, type, {
    usage: `create [${type.keyName}]`,
    description: `Create a ${type.noun}, or several, from a file or from flags.`,
    options: kind ? [fileOption(), dryRunOption()] : [fileOption()],
    flags: type.flags,
    output: 'print what was created (json, yaml, table) instead of a line that says so',
    examples: [`${named}-f ${type.name}.yaml`, `${named}-g default -f - <<'EOF'\n${document}\nEOF`, `${named}${create}`, ...(kind ? [`${named}-f ${type.name}.yaml --dry-run`] : [])],
  })
  cli.on<WriteOptions>(command, async (call) => {
    const drafts = await draftsOf(type, call)
    const client = await call.client()
    const writes = drafts.map((draft) => ({ key: draft.key ?? keyOf(type, draft.value), request: creationOf(type, client, draft, call.options) }))
    if (call.options.dryRun === true && kind) return (await import('./preview.ts')).preview(type, kind, client, writes, call, kernelOf)
    const done: Written[] = []
    for (const { key, request } of writes) {
      done.push(await write(type, client, request, key))
      if (call.format === undefined) call.print(done.at(-1)?.told ?? '')
    }
    printWritten(type, done, call)
    return exitCode.same
  })
}

/** What the command line asks for. Throws a `CommandError`. */
async function draftsOf(type: ResourceType, { args: [key], options, surroundings, client }: Call<WriteOptions>): Promise<readonly Draft[]> {
  const { isScoped } = await client()
  const { fields } = await fieldsOf(type.flags, { given: options, isScoped })
  if (options.file === undefined) {
    // A consumer is one by its name alone.
    if (Object.keys(fields).length === 0 && !(type.key === 'username' && key !== undefined)) throw new CommandError(`nothing says what the ${type.noun} is`, { advice: ['Give a file with -f, or flags; --help tells which.'] })
    return [{ value: fields, key, isOfFlags: true }]
  }
  const found = await readResources(type, options.file, surroundings, options)
  if (found.length > 1 && (key !== undefined || Object.keys(fields).length > 0)) throw new CommandError(`there are ${found.length} ${type.plural} in the file: a name or flags can be for one alone`)
  return found.map((value) => ({ value: { ...value, ...fields }, key: checkedKey(type, key, value) }))
}

/** A name beside the file and one in it must be the same. */
export function checkedKey(type: ResourceType, key: string | undefined, value: Readonly<Record<string, unknown>>): string | undefined {
  const own = keyOf(type, value)
  if (key !== undefined && own !== undefined && key !== own) throw new CommandError(`the file holds ${type.noun} ${own}, and the command names ${key}`)
  return key
}

/** With `--output` what was written is shown, as it is now. */
export function printWritten(type: ResourceType, done: readonly Written[], { format, print, surroundings }: Pick<Call, 'format' | 'print' | 'surroundings'>): void {
  if (format === undefined) return
  const values = done.map(({ value }) => value)
  const shown = values.length === 1 && values[0] ? values[0] : values
  if (format === 'table') printResources(type, values, { format, print, surroundings })
  else print(formatValue(shown, format))
}
