import { compileFormat, defaultFormat, type CompiledFormat, type LogFormat } from '@sluice/access-log'
import { formatError } from '@sluice/ai-core'
import { checkDocument, checkSettings, kinds, type CheckOptions, type Document, type Env, type FileDocument, type GatewaySettings, type Memo, type Resolved } from '@sluice/config'
import { Kernel, type Counters, type Issue, type Logger, type Plugin } from '@sluice/kernel'
import { builtInPlugins, type BuiltInOptions } from './built-in.ts'
import { FileText } from './file-text.ts'
import { knownPlugins } from './known-plugins.ts'
import { loadPlugins } from './load-plugins.ts'

export interface ConfigSource {
  /** The file, for messages and as the place that relative paths start from. */
  readonly file: string
  readonly text: string
  readonly env: Env
}

/** What a kernel is made of, beside what its configuration names. */
export interface KernelInit extends Omit<ConfigSource, 'text'> {
  readonly log: Logger
  readonly builtIn?: BuiltInOptions
  /** Beside the built-in ones and those that the file names. */
  readonly plugins?: readonly Plugin[]
  /** Where plugins count; by default in this process. */
  readonly counters?: Counters
}

export type KernelSource = KernelInit & ConfigSource

/** A configuration that is fit to serve. */
export interface ReadConfig {
  readonly settings: GatewaySettings
  readonly resolved: Resolved
  /** For the check of what comes after it. */
  readonly memo: Memo | undefined
  /** Nothing was read yet of what is to be served. */
  readonly isPending: boolean
  /** Renders lines of the access log; undefined where it is switched off. */
  readonly logLine: CompiledFormat['line'] | undefined
}

/** What was read of a configuration, or what is wrong with it; paths are `[kind, id, ...field]`. */
export interface Judged {
  readonly read?: ReadConfig
  readonly issues: readonly Issue[]
}

/** A file that was read for a new gateway. */
export interface OpenedConfig {
  readonly text: FileText
  readonly kernel: Kernel
  readonly read: ReadConfig
}

/** Reads a file for a new gateway: settings, plugins, kernel, resources. Runs no plugin's `setup`. Rejects with an `InvalidConfigError`. */
export async function readConfig(source: KernelSource): Promise<OpenedConfig> {
  const text = await FileText.read(source.text, source.file)
  const { kernel, issues: own } = await createKernel(source, text.document.settings)
  const { read, issues: found } = await judge(text.document, { kernel, env: source.env })
  const issues = [...found, ...(read ? strangers(text.document, read.settings) : [])]
  if (!read || own.length + issues.length + text.document.issues.length > 0) throw await text.invalid([...own, ...issues])
  return { text, kernel, read }
}

/** Resources in the file of a gateway that has its resources elsewhere. */
export function strangers(document: FileDocument, { store }: GatewaySettings): Issue[] {
  if (store.type !== 'etcd') return []
  const message = 'cannot stand here where gateway.store.type is etcd: resources live there, and sluice config sync writes them'
  return kinds.flatMap((kind) => [...document.entries(kind).keys()].slice(0, 1).map((id) => ({ path: [kind, id], message })))
}

/** Makes the kernel that a `gateway` section asks for; `issues` where plugins that it names cannot be loaded. */
export async function createKernel(init: KernelInit, section: unknown): Promise<{ kernel: Kernel; issues: readonly Issue[] }> {
  const { file, env, log, counters } = init
  const present = [...builtInPlugins(init.builtIn), ...(init.plugins ?? [])]
  const own = await loadPlugins(pluginEntries(section, env), file, present)
  const kernel = new Kernel({ plugins: [...present, ...own.plugins], log, formatError, unsupported: knownPlugins, ...(counters && { counters }) })
  return { kernel, issues: own.issues }
}

/** Checks a configuration whole, the format of the access log included. Exchanges go on meanwhile. */
export async function judge(document: Document, options: CheckOptions): Promise<Judged> {
  const { resolved, issues, memo } = await checkDocument(document, options)
  const format = formatIn(document.settings, resolved)
  const line = format === undefined ? undefined : compileFormat(format, options.kernel.variables, ['gateway', 'access_log', 'format'])
  const all = [...issues, ...(line?.issues ?? [])]
  if (!resolved || all.length > 0) return { issues: all }
  return { read: { settings: resolved.gateway, resolved, memo, isPending: document.isPending === true, logLine: line?.line }, issues: [] }
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
