import { compileFormat, defaultFormat, type CompiledFormat } from '@sluice/access-log'
import { formatError } from '@sluice/ai-core'
import { checkResources, checkSettings, parseConfig, type Env, type GatewaySettings, type Resolved } from '@sluice/config'
import { ConfigError, Kernel, type Issue, type Logger, type Plugin } from '@sluice/kernel'
import { builtInPlugins, type BuiltInOptions } from './built-in.ts'
import { InvalidConfigError } from './invalid-config-error.ts'
import { knownPlugins } from './known-plugins.ts'
import { loadPlugins } from './load-plugins.ts'

export interface ConfigSource {
  /** The file, for messages and as the place that relative paths start from. */
  readonly file: string
  readonly text: string
  readonly env: Env
}

export interface KernelSource extends ConfigSource {
  readonly log: Logger
  readonly builtIn?: BuiltInOptions
  /** Beside the built-in ones and those that the file names. */
  readonly plugins?: readonly Plugin[]
}

/** A file that is fit to serve. */
export interface ReadConfig {
  readonly settings: GatewaySettings
  readonly resolved: Resolved
  /** Renders lines of the access log; undefined where it is switched off. */
  readonly logLine: CompiledFormat['line'] | undefined
}

/** Reads a file for a new gateway: settings, plugins, kernel, resources. Runs no plugin's `setup`. Rejects with an `InvalidConfigError`. */
export async function readConfig(source: KernelSource): Promise<ReadConfig & { kernel: Kernel }> {
  const { file, text, env, log } = source
  const parsed = parseConfig(text)
  const fail = (issues: readonly Issue[]): never => {
    throw new InvalidConfigError(issues, file, parsed)
  }
  if (parsed.issues.length > 0) fail(parsed.issues)
  const { settings, issues } = checkSettings(parsed.value, env)
  // Without its plugins a file cannot be judged further, so what is wrong with the settings comes alone.
  if (!settings) return fail(issues)
  try {
    const own = await loadPlugins(settings.plugins, file)
    const plugins = [...builtInPlugins(source.builtIn), ...(source.plugins ?? []), ...own]
    const kernel = new Kernel({ plugins, log, formatError, unsupported: knownPlugins })
    return { kernel, ...readAgain({ file, text, env }, kernel) }
  } catch (error) {
    if (error instanceof ConfigError) return fail(error.issues)
    throw error
  }
}

/** Reads a file for a kernel that is there. Throws an `InvalidConfigError` that lists every problem. */
export function readAgain({ file, text, env }: ConfigSource, kernel: Kernel): ReadConfig {
  const parsed = parseConfig(text)
  if (parsed.issues.length > 0) throw new InvalidConfigError(parsed.issues, file, parsed)
  const { settings } = checkSettings(parsed.value, env)
  const { resolved, issues } = checkResources(parsed.value, kernel, env)
  const line = settings ? logLineOf(settings, kernel) : { issues: [] }
  const all = [...issues, ...line.issues]
  if (!settings || !resolved || all.length > 0) throw new InvalidConfigError(all, file, parsed)
  return { settings, resolved, logLine: line.line }
}

function logLineOf({ access_log: log }: GatewaySettings, kernel: Kernel): { line?: CompiledFormat['line']; issues: readonly Issue[] } {
  if (log === false) return { issues: [] }
  return compileFormat(log.format ?? defaultFormat, kernel.variables, ['gateway', 'access_log', 'format'])
}
