import { isDeepStrictEqual } from 'node:util'
import { isRecord, type Kind } from '@sluice/config'
import type { Issue } from '@sluice/kernel'
import { redacted } from '../redacted.ts'
import type { Fields } from './wanted.ts'

/** A field that differs; undefined: it is not there. */
export interface FieldChange {
  readonly path: Issue['path']
  readonly before: unknown
  readonly after: unknown
}

export interface Comparison {
  readonly changes: readonly FieldChange[]
  /** Fields of which the server does not show whether they differ. */
  readonly unsure: readonly Issue['path'][]
}

/** Compares what is there with what is wanted, field by field; ids and times are in neither. */
export function compare(kind: Kind, before: Fields, after: Fields): Comparison {
  const changes: FieldChange[] = []
  const unsure: Issue['path'][] = []
  walk(plain(kind, withKeys(kind, before, after)), plain(kind, after), [], changes, unsure)
  return { changes, unsure }
}

function walk(before: unknown, after: unknown, path: Issue['path'], changes: FieldChange[], unsure: Issue['path'][]): void {
  if (isDeepStrictEqual(before, after)) return
  if (isHidden(before, after)) unsure.push(path)
  else if (isRecord(before) && isRecord(after)) {
    for (const name of new Set([...Object.keys(after), ...Object.keys(before)])) walk(member(before, name), member(after, name), [...path, name], changes, unsure)
  } else if (isList(before) && isList(after) && (hasRecords(before) || hasRecords(after) || (before.length === after.length && before.includes(redacted)))) {
    for (let index = 0; index < Math.max(before.length, after.length); index++) walk(before[index], after[index], [...path, index], changes, unsure)
  } else changes.push({ path, before, after })
}

/** References are shown: one against a secret is a change. */
function isHidden(before: unknown, after: unknown): boolean {
  return before === redacted && after !== undefined && after !== null && typeof after !== 'object' && !isReference(after)
}

/** `$env://NAME`, which names a secret and is none. */
export function isReference(value: unknown): boolean {
  return typeof value === 'string' && /^\$(?:env|secret):\/\//i.test(value)
}

/** Lists of plain values, expressions among them, are one thing: what moves in them would be told of many times. */
function hasRecords(list: readonly unknown[]): boolean {
  return list.some(isRecord)
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value)
}

function member(record: Fields, name: string): unknown {
  return Object.hasOwn(record, name) ? record[name] : undefined
}

/** Private keys are not shown; who has the same certificate has the key to it. */
function withKeys(kind: Kind, before: Fields, after: Fields): Fields {
  if (kind !== 'ssls' || before['cert'] !== after['cert'] || !isDeepStrictEqual(before['certs'], after['certs'])) return before
  const { key: _key, keys: _keys, ...rest } = before
  return { ...rest, ...('key' in after && { key: after['key'] }), ...('keys' in after && { keys: after['keys'] }) }
}

/** In the words of no dialect: servers of API7 call paths otherwise, and say of a service what it is. */
function plain(kind: Kind, value: Fields): Fields {
  if (kind === 'services' && value['type'] === 'http') {
    const { type: _type, ...rest } = value
    return rest
  }
  if (kind !== 'routes' || !('paths' in value)) return value
  const { paths, ...rest } = value
  if (!('uri' in rest) && !('uris' in rest)) return { ...rest, uris: paths }
  return isDeepStrictEqual(paths, rest['uris'] ?? [rest['uri']]) ? rest : value
}
