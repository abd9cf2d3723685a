import type { Variable } from '@sluice/expr'
import type { Exchange, Host } from '@sluice/kernel'

/** What templates of this plugin see: the exchange, and what `regex_uri` has matched. */
export interface Scope {
  readonly ctx: Exchange
  readonly groups: readonly (string | undefined)[]
}

export type ScopeVariables = (name: string) => Variable<Scope> | undefined

/** Resolves numbers to groups, all else to variables of the gateway. `encode` makes a value fit for where it goes. */
export function scopeVariables(variables: Host['variables'], encode: (text: string, name: string) => string = (text) => text): ScopeVariables {
  return (name) => {
    if (/^\d+$/.test(name)) {
      const index = Number(name)
      return { read: ({ groups }) => encoded(groups[index], name, encode) }
    }
    const variable = variables(name)
    if (!variable) return undefined
    return { read: ({ ctx }) => encoded(variable.read(ctx), name, encode), needsBody: variable.needsBody ?? false }
  }
}

function encoded(value: unknown, name: string, encode: (text: string, name: string) => string): string | undefined {
  if (value === undefined || value === null) return undefined
  return encode(typeof value === 'object' ? JSON.stringify(value) : String(value as string | number | boolean), name)
}
