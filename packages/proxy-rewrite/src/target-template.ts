import { compileTemplate } from '@sluice/expr'
import type { Host } from '@sluice/kernel'
import { encodePath, encodeQuery } from '@sluice/rewrite'
import { scopeVariables, type Scope } from './scope.ts'

/** A path with a query, percent-encoded. */
export interface Written {
  readonly path: string
  readonly query: string
}

export interface TargetTemplate {
  render(scope: Scope): Written
  readonly needsBody: boolean
}

/**
 * Compiles a path with variables, and a query where it has one. What the template says itself stays as it is written; a
 * value is encoded for its place, so that it cannot end the path or the parameter that it stands in.
 */
export function compileTarget(text: string, variables: Host['variables'], isRaw = false): TargetTemplate {
  const at = queryAt(text)
  const path = compileTemplate(at < 0 ? text : text.slice(0, at), scopeVariables(variables, (value, name) => asPath(value, name, isRaw)))
  const query = compileTemplate(at < 0 ? '' : text.slice(at + 1), scopeVariables(variables, (value, name) => asQuery(value, name, isRaw)))
  return {
    needsBody: path.needsBody || query.needsBody,
    render: (scope) => ({ path: path.render(scope), query: query.render(scope) }),
  }
}

/** The first question mark that stands in no variable: `${a ?? b}`. */
function queryAt(text: string): number {
  for (const { 0: found, index } of text.matchAll(/\$\{[^{}]*\}|\?/g)) if (found === '?') return index
  return -1
}

function asPath(value: string, name: string, isRaw: boolean): string {
  if (isEncoded(name, isRaw)) return value.toWellFormed().replaceAll(/[?#]|[^\x21-\x7e]+/g, encodeURIComponent)
  return name === 'uri' || isGroup(name) ? encodeDecoded(value) : encodePath(value)
}

function asQuery(value: string, name: string, isRaw: boolean): string {
  return isEncoded(name, isRaw) ? value.toWellFormed().replaceAll(/#|[^\x21-\x7e]+/g, encodeURIComponent) : encodeQuery(value)
}

/** A path as routes match it, in which `%2F` alone is encoded still. */
export function encodeDecoded(path: string): string {
  return encodePath(path).replaceAll(/%252f/gi, '%2F')
}

/** Of a path that was matched as it came, the groups are encoded already. */
function isEncoded(name: string, isRaw: boolean): boolean {
  return name === 'args' || name === 'request_uri' || (isRaw && isGroup(name))
}

function isGroup(name: string): boolean {
  return /^\d+$/.test(name)
}
