import { compilePattern, ExprError } from '@sluice/expr'
import type { Kind } from '@sluice/config'
import type { Resource } from '@sluice/store'
import { refuse } from './refusal.ts'
import type { View } from './view.ts'

export type Test = (resource: Resource) => boolean

export interface Page {
  /** From 1. */
  readonly page: number
  readonly size: number
}

/** Which resources of a list are asked for. Throws a `Refusal`. */
export function filterOf(query: URLSearchParams, kind: Kind, view: View): Test {
  const tests = [nameTest(query), uriTest(query), ...labelTests(query, view), ...referenceTests(query, kind, view)]
  const given = tests.filter((test) => test !== undefined)
  return (resource) => given.every((test) => test(resource))
}

/** Which page of them; undefined: all of them on one. Throws a `Refusal`. */
export function pageOf(query: URLSearchParams, view: View): Page | undefined {
  const page = numberOf(query.get('page') ?? (view.name === 'api7' ? '1' : ''))
  const size = numberOf(query.get('page_size') ?? '')
  if (page === undefined || size === undefined) return undefined
  const { smallest, largest } = view.pageSize
  if (page < 1) throw refuse(400, 'page must be 1 or more')
  if (size < smallest || size > largest) throw refuse(400, view.name === 'apisix' ? `page_size must be between ${smallest} and ${largest}` : 'page_size must be 1 or more')
  return { page, size }
}

function numberOf(text: string): number | undefined {
  return /^-?\d{1,9}$/.test(text) ? Number(text) : undefined
}

function nameTest(query: URLSearchParams): Test | undefined {
  const matches = patternOf(query, 'name')
  return matches && (({ value, id }) => matches(value['name'] ?? value['username'] ?? id))
}

function uriTest(query: URLSearchParams): Test | undefined {
  const matches = patternOf(query, 'uri')
  return matches && (({ value }) => [value['uri'], value['uris'], value['paths']].flat().some(matches))
}

/** As APISIX: a regular expression that matches anywhere. */
function patternOf(query: URLSearchParams, name: string): ((value: unknown) => boolean) | undefined {
  const source = query.get(name)
  if (!source) return undefined
  try {
    const pattern = compilePattern(source)
    return (value) => typeof value === 'string' && pattern.test(value)
  } catch (error) {
    if (error instanceof ExprError) throw refuse(400, `${name}: ${error.message}`)
    throw error
  }
}

/** `label=k`: it has the label; `labels[k]=v`, which ADC sends to API7: with this value. */
function labelTests(query: URLSearchParams, view: View): Test[] {
  const tests: Test[] = []
  for (const key of query.getAll('label')) if (key !== '') tests.push(({ value }) => labelOf(value, key) !== undefined)
  if (view.name !== 'api7') return tests
  for (const [name, wanted] of query) {
    const [, key] = /^labels\[(.+)\]$/.exec(name) ?? []
    if (key !== undefined) tests.push(({ value }) => labelOf(value, key) === wanted)
  }
  return tests
}

function labelOf({ labels }: Resource['value'], key: string): unknown {
  return typeof labels === 'object' && labels !== null && Object.hasOwn(labels, key) ? (labels as Record<string, unknown>)[key] : undefined
}

/** `filter=service_id%3D1`; in API7 `service_id=1`. */
function referenceTests(query: URLSearchParams, kind: Kind, view: View): Test[] {
  if (kind !== 'routes' && kind !== 'stream_routes') return []
  const wanted = view.name === 'api7' ? query : new URLSearchParams(query.get('filter') ?? '')
  return ['service_id', 'upstream_id'].flatMap((field) => {
    const id = wanted.get(field)
    return id ? [({ value }: Resource) => value[field] !== undefined && String(value[field]) === id] : []
  })
}
