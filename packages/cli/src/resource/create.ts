import type { Command } from 'commander'
import type { Call, Cli } from '../cli.ts'
import { CommandError } from '../command-error.ts'
import type { KernelSource } from '../config/plan-files.ts'
import { exitCode } from '../exit-code.ts'
import { fieldsOf } from './flags.ts'
import { checkedKey, readResources } from './input.ts'
import { printWritten } from './print.ts'
import { keyOf, type ResourceType } from './resource-type.ts'
import { dryRunOption, fileOption, verbCommand } from './verb-command.ts'
import { creationOf, write, type Draft, type WriteOptions, type Written } from './write.ts'

/** `create`: what a file holds, or what flags say. */
export function addCreate(cli: Cli, parent: Command, type: ResourceType, kernelOf: KernelSource): void {
  const { id, document, create } = type.example
  const { kind } = type
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
    try {
      for (const { key, request } of writes) {
        const written = await write(type, client, request, key)
        done.push(written)
        if (call.format === undefined) call.print(written.told)
      }
    } finally {
      if (done.length > 0) printWritten(type, done, call)
    }
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
