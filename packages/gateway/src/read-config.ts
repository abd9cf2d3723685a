import { compileFormat, defaultFormat, type CompiledFormat, type LogFormat } from '@sluice/access-log'
import { formatError } from '@sluice/ai-core'
import {
  checkDocument,
  checkSettings,
  compileSnapshot,
  parseAside,
  readDocument,
  type Env,
  type FileDocument,
  type GatewaySettings,
  type ReadConfigText,
  type Resolved,
  type Snapshot,
} from '@sluice/config'
import { ConfigError, Kernel, type Counters, type Issue, type Logger, type Plugin } from '@sluice/kernel'
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
  /** Where plugins count; by default in this process. */
  readonly counters?: Counters
}

/** A file that is fit to serve. */
export interface ReadConfig {
  readonly file: string
  /** As it is written, references not resolved. */
  readonly parsed: ReadConfigText
  readonly document: FileDocument
  readonly settings: GatewaySettings
  readonly resolved: Resolved
  /** Renders lines of the access log; undefined where it is switched off. */
  readonly logLine: CompiledFormat['line'] | undefined
}

/** Reads a file for a new gateway: settings, plugins, kernel, resources. Runs no plugin's `setup`. Rejects with an `InvalidConfigError`. */
export async function readConfig(source: KernelSource): Promise<ReadConfig & { kernel: Kernel }> {
  const { file, text, env, log, counters } = source
  const parsed = await parse(text, file)
  const present = [...builtInPlugins(source.builtIn), ...(source.plugins ?? [])]
  const own = await loadPlugins(pluginEntries(memberOf(parsed.value, 'gateway'), env), file, present)
  const kernel = new Kernel({ plugins: [...present, ...own.plugins], log, formatError, unsupported: knownPlugins, ...(counters && { counters }) })
  return { kernel, ...(await judge(parsed, { file, env, kernel, issues: own.issues })) }
}

/** Reads a file for a kernel that is there. Rejects with an `InvalidConfigError` that lists every problem. */
export async function readAgain({ file, text, env }: ConfigSource, kernel: Kernel): Promise<ReadConfig> {
  return judge(await parse(text, file), { file, env, kernel, issues: [] })
}

/** Turns what was read into what serves; runs plugins' `setup`. Rejects with an `InvalidConfigError`. */
export async function compileConfig(read: ReadConfig, kernel: Kernel): Promise<Snapshot> {
  try {
    return await compileSnapshot({ kernel, resolved: read.resolved })
  } catch (error) {
    throw await placed(error, read)
  }
}

/** The same error; a `ConfigError` as the `InvalidConfigError` that says where in the file its problems are. */
export async function placed(error: unknown, { file, parsed, document }: Pick<ReadConfig, 'file' | 'parsed' | 'document'>): Promise<unknown> {
  return error instanceof ConfigError ? InvalidConfigError.of(document.placed(error.issues), file, parsed) : error
}

async function parse(text: string, file: string): Promise<ReadConfigText> {
  const parsed = await parseAside(text)
  if (parsed.issues.length > 0) throw await InvalidConfigError.of(parsed.issues, file, parsed)
  return parsed
}

interface Judging {
  readonly file: string
  readonly env: Env
  readonly kernel: Kernel
  /** What is known to be wrong already. */
  readonly issues: readonly Issue[]
}

async function judge(parsed: ReadConfigText, { file, env, kernel, issues: known }: Judging): Promise<ReadConfig> {
  const document = readDocument(parsed.value)
  const { resolved, issues } = await checkDocument(document, { kernel, env })
  const format = formatIn(document.settings, resolved)
  const line = format === undefined ? undefined : compileFormat(format, kernel.variables, ['gateway', 'access_log', 'format'])
  const all = [...known, ...document.issues, ...document.placed(issues), ...(line?.issues ?? [])]
  if (!resolved || all.length > 0) throw await InvalidConfigError.of(all, file, parsed)
  return { file, parsed, document, settings: resolved.gateway, resolved, logLine: line?.line }
}

/** As far as they can be read: one wrong setting does not hide what is wrong with the plugins. */
function pluginEntries(section: unknown, env: Env): readonly string[] {
  const { settings } = checkSettings(section, env)
  if (settings) return settings.plugins
  const written = memberOf(section, 'plugins')
  return Array.isArray(written) ? written.filter((entry) => typeof entry === 'string') : []
}

/** The access log's format; undefined where there is none to compile. */
function formatIn(section: unknown, resolved: Resolved | undefined): LogFormat | undefined {
  if (resolved) return resolved.gateway.access_log === false ? undefined : (resolved.gateway.access_log.format ?? defaultFormat)
  const written = memberOf(memberOf(section, 'access_log'), 'format')
  return typeof written === 'string' || isRecord(written) ? written : undefined
}

function memberOf(value: unknown, name: string): unknown {
  return isRecord(value) ? value[name] : undefined
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
