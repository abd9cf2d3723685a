import type { Issue, Kernel, Owner, Prepared, PreparedConsumer, PreparedCredential } from '@sluice/kernel'
import { ConfigError, keyRing } from '@sluice/kernel'

type Configs = Readonly<Record<string, unknown>>

/** A consumer as a test writes it. */
export interface TestConsumer {
  username: string
  labels?: Readonly<Record<string, string>>
  /** By plugin: credentials, and what joins when the consumer asks. */
  plugins?: Configs
  /** Plugins of the consumer's group. */
  group?: { id: string; plugins: Configs }
  /** By id: each holds one authenticating plugin. */
  credentials?: Readonly<Record<string, Configs>>
}

/** Checks consumers as the gateway does. Throws a `ConfigError` that lists every problem. */
export function prepareConsumers(kernel: Kernel, consumers: readonly TestConsumer[]): PreparedConsumer[] {
  const issues: Issue[] = []
  const prepared = consumers.map((consumer, index) => prepareOne(kernel, consumer, ['consumers', index], issues))
  issues.push(...prepared.flatMap(keyRing()))
  if (issues.length > 0) throw new ConfigError(issues)
  return prepared
}

function prepareOne(kernel: Kernel, consumer: TestConsumer, path: Issue['path'], issues: Issue[]): PreparedConsumer {
  const { username, labels, plugins = {}, group, credentials = {} } = consumer
  const credential = (name: string, config: unknown, at: Issue['path'], id?: string): PreparedCredential[] => {
    const one = kernel.prepareCredential({ name, config, path: [...at, name], ...(id !== undefined && { id }) })
    issues.push(...one.issues)
    return one.credential ? [one.credential] : []
  }
  const layer = (owner: Owner, configs: Configs, at: Issue['path']): Prepared[] =>
    Object.entries(configs).flatMap(([name, config]) => {
      if (owner.kind === 'consumer' && kernel.takesCredentials(name)) return []
      const one = kernel.prepare({ name, config, owner, path: [...at, name] })
      issues.push(...one.issues)
      return one.prepared ? [one.prepared] : []
    })
  const own = layer({ kind: 'consumer', id: username }, plugins, [...path, 'plugins'])
  const names = new Set(own.map(({ plugin }) => plugin.name))
  const shared = group ? layer({ kind: 'consumer_group', id: group.id }, group.plugins, [...path, 'group', 'plugins']) : []
  return {
    name: username,
    ...(group && { groupId: group.id }),
    ...(labels && { labels }),
    credentials: [
      ...Object.entries(plugins).flatMap(([name, config]) => (kernel.takesCredentials(name) ? credential(name, config, [...path, 'plugins']) : [])),
      ...Object.entries(credentials).flatMap(([id, configs]) =>
        Object.entries(configs).flatMap(([name, config]) => credential(name, config, [...path, 'credentials', id], id)),
      ),
    ],
    plugins: [...own, ...shared.filter(({ plugin }) => !names.has(plugin.name))],
  }
}
