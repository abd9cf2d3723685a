import { Option, type Command } from 'commander'
import type { Cli } from '../cli.ts'
import { addConnectionOptions, addOutputOption } from '../common-options.ts'
import { withExamples } from '../examples.ts'
import type { DumpOptions } from './dump.ts'
import type { KernelSource, PlanOptions } from './plan-files.ts'
import type { SyncOptions } from './sync.ts'
import { fileFormats } from './file-formats.ts'
import type { ValidateOptions } from './validate.ts'

/** `config sync`, `diff`, `dump` and `validate`: whole configurations. What they do is loaded when it is done. */
export function addConfigCommands(cli: Cli, kernelOf: KernelSource): void {
  const config = cli.program.command('config').description('Make a running gateway hold what files say, and the other way round.')
  // What stands between the two words of a command is understood, too.
  addOutputOption(addConnectionOptions(config, { isHidden: true }), { isHidden: true })

  const sync = config.command('sync').description('Make the gateway hold what files say: create, update and delete, after printing the plan.').option('--dry-run', 'print the plan and stop')
  addFileOptions(sync)
  addScopeOptions(sync).addHelpText('after', '\nExit code 0: done, or nothing to do; with --dry-run 2: something differs; 1: something is wrong.')
  withExamples(sync, 'sluice config sync -f config.yaml --gateway-group default', 'sluice config sync -f conf/ --no-delete --dry-run', 'sluice config sync -f adc.yaml --label team=search')
  cli.on<SyncOptions>(common(sync), async (call) => (await import('./sync.ts')).sync(call, kernelOf))

  const diff = config.command('diff').description('Print, field by field, what sync would change.')
  addFileOptions(diff)
  addScopeOptions(diff).addHelpText('after', '\nExit code 0: the same; 2: something differs; 1: something is wrong.')
  withExamples(diff, 'sluice config diff -f config.yaml -g default', 'sluice config diff -f config.yaml -o json')
  cli.on<PlanOptions>(common(diff), async (call) => (await import('./sync.ts')).diff(call, kernelOf))

  const dump = config
    .command('dump')
    .description('Write what the gateway holds as a file that sync takes.')
    .option('-f, --file <file>', 'where to; by default to standard output')
    .addOption(new Option('--format <format>', 'whose format the file is to have; by default Sluice’s own').choices(['sluice', 'adc']))
  addKindOptions(dump)
  withExamples(dump, 'sluice config dump -g default > config.yaml', 'sluice config dump --include routes,services -f routes.yaml', 'sluice config dump --format adc -f adc.yaml')
  cli.on<DumpOptions>(common(dump), async (call) => (await import('./dump.ts')).dump(call))

  const validate = config.command('validate').description('Check files without writing anything, and list every problem with its place.').option('--remote', 'let the gateway check them, which may know more plugins')
  addFileOptions(validate)
  validate.addHelpText('after', '\nExit code 0: nothing is wrong; 1: something is. References are checked unless --remote is given: what is referred to may be there already.')
  withExamples(validate, 'sluice config validate -f config.yaml', 'sluice config validate -f conf/ --remote')
  cli.on<ValidateOptions>(common(validate), async (call) => (await import('./validate.ts')).validate(call, kernelOf))
}

function common(command: Command): Command {
  return addOutputOption(addConnectionOptions(command), { isHidden: command.name() === 'validate' })
}

function addFileOptions(command: Command): Command {
  return command
    .addOption(new Option('-f, --file <paths...>', 'files, folders or patterns, YAML or JSON; - is standard input').makeOptionMandatory().argParser((path: string, before: readonly string[] = []) => [...before, path]))
    .addOption(new Option('--format <format>', 'whose format the files have; by default it is told by what they hold').choices([...fileFormats]))
}

function addScopeOptions(command: Command): Command {
  return addKindOptions(command)
    .addOption(new Option('--delete [yes]', 'delete what is not in the files: true, which is the default, or false').choices(['true', 'false']).preset('true').hideHelp())
    .option('--no-delete', 'leave alone what is not in the files')
}

function addKindOptions(command: Command): Command {
  return command
    .option('--include <kinds>', 'only these kinds, such as routes,services')
    .option('--exclude <kinds>', 'all kinds but these')
    .option('--label <key=value>', 'only what has this label, in the files or on the gateway, and what belongs to that')
}
