import type { Env, Position, Problem } from '@sluice/config'
import type { Issue } from '@sluice/kernel'

/** `${NAME}`, and `\${NAME}`, which stays. */
const variable = /(\\?)\$\{(\w+)\}/g

/** Puts values of the environment in place of `${NAME}`, as ADC does in all texts of a file. One that is not set is a problem. */
export function fillVariables(value: unknown, env: Env, issues: Issue[], path: Issue['path'] = []): unknown {
  if (typeof value === 'string') {
    return value.replaceAll(variable, (all: string, escape: string, name: string) => {
      if (escape !== '') return all.slice(1)
      const found = env(name)
      if (found === undefined) issues.push({ path, message: `the environment variable ${name} is not set; for a text as it stands write \\\${${name}}` })
      return found ?? all
    })
  }
  if (Array.isArray(value)) return value.map((item, index) => fillVariables(item, env, issues, [...path, index]))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, fillVariables(member, env, issues, [...path, name])]))
}

/** `${{NAME}}` and `${{NAME:=default}}`; a comment that has a line of its own is left alone. */
const early = /^[ \t]*#.*$|\$\{\{\s*(\w+)\s*(?::=\s*(.*?))?\s*\}\}/gm

/**
 * The same as APISIX does in the text of a file of its standalone mode, before that is read: quotes decide what is text.
 * https://apisix.apache.org/docs/apisix/profile/
 */
export function fillEarly(text: string, env: Env): { readonly text: string; readonly missing: readonly Problem[] } {
  const missing: Problem[] = []
  const filled = text.replaceAll(early, (all, name: string | undefined, fallback: string | undefined, offset: number) => {
    if (name === undefined) return all
    const value = env(name) ?? fallback
    if (value === undefined) missing.push({ path: [], message: `the environment variable ${name}, for which \${{${name}}} stands, is not set`, position: positionIn(text, offset) })
    return value ?? all
  })
  return { text: filled, missing }
}

function positionIn(text: string, offset: number): Position {
  const before = text.slice(0, offset)
  return { line: before.split('\n').length, column: offset - before.lastIndexOf('\n') }
}
