import type { Command } from 'commander'
import type { Cli } from '../cli.ts'
import type { KernelSource } from '../config/plan-files.ts'
import { addCreate } from './create.ts'
import { addDelete } from './delete.ts'
import { addExport } from './export.ts'
import { addGet } from './get.ts'
import { addList } from './list.ts'
import type { ResourceType } from './resource-type.ts'
import { resourceTypes } from './resource-types.ts'
import { addUpdate } from './update.ts'
import { typeCommand } from './verb-command.ts'

/** In the order of the help. */
const verbs: readonly ((cli: Cli, parent: Command, type: ResourceType, kernelOf: KernelSource) => void)[] = [addCreate, addGet, addList, addUpdate, addDelete, addExport]

/** What is done to single resources: `sluice route create`, and the like. `kernelOf` tells `--dry-run` what is secret. */
export function addResourceCommands(cli: Cli, kernelOf: KernelSource): void {
  for (const type of resourceTypes) {
    const parent = typeCommand(cli, type)
    for (const addVerb of verbs) addVerb(cli, parent, type, kernelOf)
  }
}
