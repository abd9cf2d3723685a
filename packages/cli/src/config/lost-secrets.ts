import { isRecord } from '@sluice/config'
import type { Issue } from '@sluice/kernel'
import { redacted } from '../redacted.ts'
import type { Plan } from './plan.ts'
import { problemIn, problemLines } from './problem-lines.ts'

/** Places of files that hold what a server shows in place of a secret, where there is no secret that it could stand for. */
export function lostSecrets({ changes }: Plan): string[] {
  const problems = changes.flatMap((change) => {
    if (change.action === 'delete') return []
    const places = change.action === 'create' ? placesIn(change.wanted.value, []) : change.comparison.changes.flatMap(({ path, after }) => placesIn(after, path))
    return places.map((place) => problemIn(change.wanted, place, `is ${redacted}, which stands for a secret that the server has, and it has none there; write the secret itself, or $env://NAME`))
  })
  return problemLines(problems)
}

function placesIn(value: unknown, path: Issue['path']): Issue['path'][] {
  if (value === redacted) return [path]
  if (Array.isArray(value)) return value.flatMap((item, index) => placesIn(item, [...path, index]))
  return isRecord(value) ? Object.entries(value).flatMap(([name, member]) => placesIn(member, [...path, name])) : []
}
