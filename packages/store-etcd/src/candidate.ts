import { kinds, type Kind } from '@sluice/config'
import { formatPath, type Issue } from '@sluice/kernel'
import type { Draft, Resource } from '@sluice/store'
import { readValue } from './entry-value.ts'
import type { Entry } from './known.ts'
import type { Observation } from './observation.ts'

/** What was observed of a resource, and is to be taken in. */
export interface Candidate {
  readonly entry: Entry
  readonly observation: Observation
  readonly kind: Kind
  readonly id: string
  /** Undefined: it is gone. */
  readonly resource: Resource | undefined
}

/** Reads what was observed; or says why it cannot be. */
export function toCandidate(entry: Entry, observation: Observation, kind: Kind, id: string): Candidate | { readonly problem: string } {
  const { text, created, revision } = observation
  if (text === undefined) return { entry, observation, kind, id, resource: undefined }
  const read = readValue(kind, id, text)
  if ('problem' in read) return read
  const { value, createTime = 0, updateTime = createTime } = read
  return { entry, observation, kind, id, resource: { id, value, createdIndex: created, modifiedIndex: revision, createTime, updateTime } }
}

/** Whether a change that was made here has come in between. */
export function isOvertaken({ entry, observation }: Candidate): boolean {
  return entry.own >= observation.revision
}

/** When a change of a resource has its turn among others: what others refer to comes first, and goes last. */
export function rank(kind: Kind, isThere: boolean): number {
  const place = kinds.indexOf(kind)
  return isThere ? place : 2 * kinds.length - place
}

/** Puts what others refer to first, and what refers to others first where it goes. */
export function inOrder(candidates: readonly Candidate[]): Candidate[] {
  return candidates.toSorted((a, b) => rank(a.kind, a.resource !== undefined) - rank(b.kind, b.resource !== undefined) || a.observation.created - b.observation.created || byText(a.id, b.id))
}

/** Has a draft hold what was observed. */
export function take(draft: Draft, candidates: readonly Candidate[]): void {
  for (const candidate of candidates) {
    const { kind, id, resource } = candidate
    if (isOvertaken(candidate)) continue
    if (resource) draft.take(kind, resource)
    else draft.delete(kind, id)
  }
  for (const kind of kinds) draft.sort(kind, byCreation)
}

/** Of routes that match alike the first wins: all gateways have everything in one order. */
export function byCreation(a: Resource, b: Resource): number {
  return a.createdIndex - b.createdIndex || byText(a.id, b.id)
}

/** The issues that are of a candidate itself. */
export function issuesOf({ kind, id, resource }: Candidate, issues: readonly Issue[]): readonly Issue[] {
  return resource ? issues.filter(({ path }) => path[0] === kind && path[1] === id) : []
}

/** Says what is wrong: of a candidate itself, or of others that it does not fit to. */
export function reasonOf(candidate: Candidate, issues: readonly Issue[]): string {
  const own = issuesOf(candidate, issues)
  const told = own.length > 0 ? own.map((issue) => ({ ...issue, path: issue.path.slice(2) })) : issues
  const texts = told.map(({ path, message }) => (path.length > 0 ? `${formatPath(path)}: ${message}` : message))
  return `${candidate.resource ? '' : 'cannot be taken away: '}${texts.join('; ')}`
}

function byText(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
