import { existsSync } from 'node:fs'
import { createRequire, registerHooks } from 'node:module'
import { dirname, extname, isAbsolute, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { isPlugin, schemaProblem, type Issue, type Plugin } from '@sluice/kernel'

/** What plugin files import by name, from wherever they lie: the gateway's own copies, so that there is one kernel. */
const shared = ['@sluice/kernel', '@sluice/ai-core']
const extensions = ['.ts', '.mts', '.js', '.mjs']

export interface LoadedPlugins {
  readonly plugins: readonly Plugin[]
  /** Paths begin with `gateway.plugins`. */
  readonly issues: readonly Issue[]
}

/** Imports the plugins that `gateway.plugins` names. `base` is the configuration file; `present` are those that are there already. Never rejects. */
export async function loadPlugins(entries: readonly string[], base: string, present: readonly Plugin[] = []): Promise<LoadedPlugins> {
  if (entries.length === 0) return { plugins: [], issues: [] }
  shareKernel()
  const taken = new Set(present.map(({ name }) => name))
  const issues: Issue[] = []
  const plugins: Plugin[] = []
  for (const [index, entry] of entries.entries()) {
    try {
      const plugin = await loadPlugin(entry, base)
      if (taken.has(plugin.name)) throw new Error(`${entry} defines ${plugin.name}, and another plugin has this name`)
      taken.add(plugin.name)
      plugins.push(plugin)
    } catch (error) {
      issues.push({ path: ['gateway', 'plugins', index], message: (error as Error).message })
    }
  }
  return { plugins, issues }
}

async function loadPlugin(entry: string, base: string): Promise<Plugin> {
  const file = fileOf(entry, base)
  const plugin = await importPlugin(file)
  const problem = problemOf(plugin)
  if (problem) throw new Error(`${file} defines a plugin that cannot be used: ${problem}`)
  return plugin
}

async function importPlugin(file: string): Promise<Plugin> {
  let module: Record<string, unknown>
  try {
    module = (await import(pathToFileURL(file).href)) as Record<string, unknown>
  } catch (cause) {
    throw new Error(`${file} cannot be loaded: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
  if (isPlugin(module['default'])) return module['default']
  const named = Object.entries(module).filter(([, value]) => isPlugin(value))
  if (named.length === 1) return (named[0] as [string, Plugin])[1]
  if (named.length === 0) throw new Error(`${file} exports no plugin: nothing that definePlugin made`)
  const names = named.map(([name]) => name).join(', ')
  throw new Error(`${file} exports several plugins (${names}): make one of them the default export`)
}

/** What a file in JavaScript may get wrong where TypeScript would have told. */
function problemOf({ name, priority, schema, setup }: Partial<Plugin>): string | undefined {
  if (typeof name !== 'string' || name === '') return 'its name must be a text'
  if (!Number.isFinite(priority)) return 'its priority must be a number'
  if (typeof schema !== 'object') return 'its schema must be an object'
  if (typeof setup !== 'function') return 'its setup must be a function'
  const problem = schemaProblem(schema)
  return problem && `its schema does not compile: ${problem}`
}

/** A path when it looks like one, else the name of a package, found from the configuration file. */
function fileOf(entry: string, base: string): string {
  const isPath = entry.startsWith('.') || isAbsolute(entry) || extensions.includes(extname(entry))
  if (!isPath) return packageFile(entry, base)
  const file = resolve(dirname(resolve(base)), entry)
  if (!existsSync(file)) throw new Error(`${file} does not exist`)
  if (!extensions.includes(extname(file))) throw new Error(`${file} is no module: it must end in ${extensions.join(', ')}`)
  return file
}

function packageFile(name: string, base: string): string {
  try {
    return createRequire(join(dirname(resolve(base)), 'noop.js')).resolve(name)
  } catch (cause) {
    throw new Error(`package ${name} cannot be found from ${dirname(resolve(base))}`, { cause })
  }
}

let isShared = false

function shareKernel(): void {
  if (isShared) return
  isShared = true
  const urls = new Map(shared.map((name) => [name, import.meta.resolve(name)]))
  registerHooks({
    resolve(specifier, context, next) {
      const url = urls.get(specifier)
      return url === undefined ? next(specifier, context) : { url, shortCircuit: true }
    },
  })
}
