import type { Issue } from '@sluice/kernel'

/** The environment, by variable name; undefined where a variable is not set. */
export type Env = (name: string) => string | undefined

const whole = /^\$env:\/\/([^/]*)(?:\/(.*))?$/isu
const anywhere = /\$(?:env|secret):\/\//iu

/**
 * Puts values in place of `$env://NAME` and `$env://NAME/json key`, in strings at any depth. Gives a copy where something
 * changed, else `value` itself; what cannot be resolved stays as it is, with an issue.
 */
export function resolveReferences(value: unknown, path: Issue['path'], env: Env, issues: Issue[]): unknown {
  if (typeof value === 'string') {
    return anywhere.test(value) ? resolveText(value, path, env, issues) : value
  }
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) {
    const items = value.map((item, index) => resolveReferences(item, [...path, index], env, issues))
    return items.some((item, index) => item !== value[index]) ? items : value
  }
  const entries = Object.entries(value)
  const resolved = entries.map(([key, item]) => [key, resolveReferences(item, [...path, key], env, issues)] as const)
  return resolved.some(([, item], index) => item !== entries[index]?.[1]) ? Object.fromEntries(resolved) : value
}

function resolveText(text: string, path: Issue['path'], env: Env, issues: Issue[]): unknown {
  const found = valueOf(text, env)
  if ('value' in found) return found.value
  issues.push({ path, message: found.problem })
  return text
}

function valueOf(text: string, env: Env): { value: unknown } | { problem: string } {
  const match = whole.exec(text)
  if (!match) {
    // Sent on as it stands, it would reach a provider in place of a key.
    if (/^\$secret:/iu.test(text)) return { problem: 'a $secret:// reference is not supported yet' }
    return { problem: 'a $env:// or $secret:// reference must be the whole text, with nothing before it' }
  }
  const [, name = '', key] = match
  if (name === '') return { problem: 'must name an environment variable: $env://NAME' }
  const value = env(name)
  if (value === undefined) return { problem: `environment variable ${name} is not set` }
  return key === undefined || key === '' ? { value } : memberOf(value, key, name)
}

function memberOf(json: string, key: string, name: string): { value: unknown } | { problem: string } {
  let object: unknown
  try {
    object = JSON.parse(json)
  } catch {
    return { problem: `environment variable ${name} is not JSON, and ${JSON.stringify(key)} of it is asked for` }
  }
  const isObject = typeof object === 'object' && object !== null && !Array.isArray(object)
  const value = isObject && Object.hasOwn(object as object, key) ? (object as Record<string, unknown>)[key] : undefined
  if (value === undefined || value === null)
    return { problem: `environment variable ${name} has no ${JSON.stringify(key)}` }
  return { value }
}
