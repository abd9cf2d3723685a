import { isRecord } from '@sluice/config'
import type { AdminError } from '../admin-error.ts'
import { problemIn, problemLines, type FileProblem } from './problem-lines.ts'
import { keyOf, type Fields, type Wanted } from './wanted.ts'

/** What a server says is wrong with a configuration, by the lines of the files that it came from; none where it does not tell one by one. */
export function refusedLines({ body }: AdminError, wanted: readonly Wanted[]): string[] {
  const errors = isRecord(body) && Array.isArray(body['errors']) ? (body['errors'] as unknown[]).filter(isRecord) : []
  const own = new Map(wanted.map((one) => [keyOf(one), one]))
  const problems = errors.map((error) => problemOf(error, own))
  return [...problems.filter((problem) => typeof problem === 'string'), ...problemLines(problems.filter((problem) => typeof problem !== 'string'))]
}

function problemOf({ resource_type: type, resource_id: id, path, error }: Fields, wanted: ReadonlyMap<string, Wanted>): FileProblem | string {
  const [username, credential] = String(id).split('/credentials/')
  const key = type === 'consumers' && credential !== undefined ? `credentials/${username}/${credential}` : `${String(type)}/${String(id)}`
  const resource = wanted.get(key)
  if (!resource) return `${String(type)}/${String(id)}, which is in no file: ${String(error)}`
  const field = Array.isArray(path) ? (path as (string | number)[]) : []
  // What stands before the message is the field, which is told with its place.
  return problemIn(resource, field, field.length === 0 ? String(error) : String(error).replace(/^\S+: /, ''))
}
