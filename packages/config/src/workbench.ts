import { compileRule, ExprError, type Predicate, type Variables } from '@sluice/expr'
import {
  check,
  type Exchange,
  type Issue,
  type Kernel,
  type Owner,
  type Preparation,
  type Prepared,
  type PreparedCredential,
  type TSchema,
} from '@sluice/kernel'
import { resolveReferences, type Env } from './env.ts'
import { httpProxy, toHttpProxyConfig } from './http-proxy-config.ts'
import { isRecord } from './is-record.ts'
import { UpstreamSchema, type Timeout, type Upstream } from './upstream-schema.ts'

/** Plugins of one resource, by name. */
export type PluginMap = ReadonlyMap<string, Prepared>

/** An upstream where it is written, with a route’s `timeout` in place of its own. Nothing where it is wrong. */
export type UpstreamSource = (timeout: Timeout | undefined) => Prepared | undefined

/** What checking a file takes, and where its problems gather. */
export class Workbench {
  readonly issues: Issue[] = []
  readonly kernel: Kernel
  readonly forced: ReadonlySet<string>
  readonly #env: Env
  readonly #metadata = new Map<string, unknown>()
  /** Places whose reference has failed; what else is wrong there follows from that. */
  readonly #unresolved = new Set<string>()
  #graphql: string | undefined
  readonly #variables: Variables<Exchange>

  /** `forced`: `<kind>/<id>` of what was taken away although others may refer to it. */
  constructor(kernel: Kernel, env: Env, forced: ReadonlySet<string> = new Set()) {
    this.kernel = kernel
    this.forced = forced
    this.#env = env
    this.#variables = (name) => {
      if (name.startsWith('graphql_')) this.#graphql ??= name
      return kernel.variables(name)
    }
  }

  problem(path: Issue['path'], message: string): void {
    this.issues.push({ path, message })
  }

  /** Checks `raw` and completes it with defaults. */
  check(schema: TSchema, raw: unknown, path: Issue['path']): Readonly<Record<string, unknown>> {
    const { value, issues } = check(schema, raw, path)
    this.#report(issues)
    return isRecord(value) ? value : {}
  }

  /** Takes in one plugin’s `plugin_metadata`; call before plugins are prepared. */
  metadata(name: string, raw: unknown, path: Issue['path']): void {
    const resolved = this.#resolve(raw, path)
    this.#report(this.kernel.checkMetadata(name, resolved, path))
    this.#metadata.set(name, resolved)
  }

  /** Prepares a `plugins` map; once for each place where one is written. */
  plugins(raw: unknown, owner: Owner, path: Issue['path']): PluginMap {
    const map = new Map<string, Prepared>()
    if (!isRecord(raw)) return map
    for (const [name, config] of Object.entries(raw)) {
      const prepared = this.#plugin(name, config, owner, [...path, name])
      if (prepared) map.set(name, prepared)
    }
    return map
  }

  /** Prepares a map of credentials by plugin; `id`: of the resource that they stand in. One that is switched off is none. */
  credentials(raw: Readonly<Record<string, unknown>>, id: string | undefined, path: Issue['path']): PreparedCredential[] {
    return Object.entries(raw).flatMap(([name, config]) => {
      const at = [...path, name]
      const resolved = isOff(config) ? config : this.#resolve(config, at)
      const { credential, issues } = this.kernel.prepareCredential({ name, config: resolved, path: at, ...(id !== undefined && { id }) })
      this.#report(issues)
      return credential ? [credential] : []
    })
  }

  /** Checks an upstream. Gives one `Prepared` for each different `timeout` that routes ask for. */
  upstream(raw: unknown, owner: Owner, path: Issue['path']): UpstreamSource {
    if (isPlaceholder(raw)) return () => undefined
    const resolved = this.#resolve(raw, path)
    const { value, issues } = check(UpstreamSchema, resolved, path)
    const own = [...issues]
    const config = issues.length === 0 ? toHttpProxyConfig(value as Upstream, path, own) : undefined
    this.#report(own)
    if (!config || own.length > 0) return () => undefined
    const made = new Map<string, Prepared | undefined>()
    const source: UpstreamSource = (timeout = config.timeout) => {
      const key = `${timeout.connect} ${timeout.send} ${timeout.read}`
      const complete = { ...config, timeout, _meta: last }
      if (!made.has(key)) made.set(key, this.#prepare({ name: httpProxy, config: complete, owner, path }))
      return made.get(key)
    }
    return source(undefined) ? source : () => undefined
  }

  /** Compiles a `vars` expression. */
  rule(rule: unknown, path: Issue['path']): Predicate<Exchange> | undefined {
    try {
      const predicate = compileRule(rule, this.#variables)
      const unsupported = this.#takeGraphql()
      if (unsupported === undefined) return predicate
      this.problem(path, `failed to validate the 'vars' expression: the variable ${unsupported} is not supported yet`)
    } catch (error) {
      if (!(error instanceof ExprError)) throw error
      this.problem([...path, ...error.at], `failed to validate the 'vars' expression: ${error.message}`)
    }
    return undefined
  }

  #plugin(name: string, config: unknown, owner: Owner, path: Issue['path']): Prepared | undefined {
    if (name === httpProxy) {
      this.problem(path, `unknown plugin [${httpProxy}]; write an upstream, and it is used`)
      return undefined
    }
    const meta = isRecord(config) && isRecord(config['_meta']) ? config['_meta'] : {}
    // A plugin that is switched off need not be valid, and neither need its references.
    const resolved = isOff(config) ? config : this.#resolve(config, path)
    if (Array.isArray(meta['filter'])) this.#checkFilter(meta['filter'], [...path, '_meta', 'filter'])
    return this.#prepare({ name, config: resolved, owner, path, metadata: this.#metadata.get(name) })
  }

  #prepare(preparation: Preparation): Prepared | undefined {
    const { prepared, issues } = this.kernel.prepare(preparation)
    this.#report(issues)
    return prepared
  }

  /** The kernel compiles the filter, and knows nothing of what others support. */
  #checkFilter(rule: unknown, path: Issue['path']): void {
    try {
      compileRule(rule, this.#variables)
    } catch (error) {
      if (!(error instanceof ExprError)) throw error // the kernel reports it
    }
    const name = this.#takeGraphql()
    if (name !== undefined) {
      this.problem(path, `failed to validate the 'filter' expression: the variable ${name} is not supported yet`)
    }
  }

  /** Puts values in place of the references in `raw`. */
  #resolve(raw: unknown, path: Issue['path']): unknown {
    const failed: Issue[] = []
    const resolved = resolveReferences(raw, path, this.#env, failed)
    for (const issue of failed) this.#unresolved.add(keyOf(issue))
    this.issues.push(...failed)
    return resolved
  }

  #takeGraphql(): string | undefined {
    const name = this.#graphql
    this.#graphql = undefined
    return name
  }

  #report(issues: readonly Issue[]): void {
    for (const issue of issues) if (!this.#unresolved.has(keyOf(issue))) this.issues.push(issue)
  }
}

function isOff(config: unknown): boolean {
  return isRecord(config) && isRecord(config['_meta']) && config['_meta']['disable'] === true
}

/** An upstream that names nothing but itself: tools write one for services that have none. */
function isPlaceholder(raw: unknown): boolean {
  return isRecord(raw) && 'id' in raw && Object.keys(raw).every((name) => ['id', 'name', 'desc', 'labels', 'create_time', 'update_time'].includes(name))
}

/** Whatever else answers on a route comes before its upstream. */
const last = { priority: Number.MIN_SAFE_INTEGER }

const keyOf = ({ path }: Issue): string => path.join('\0')
