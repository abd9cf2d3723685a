import { isRecord } from '@sluice/config'
import { defaultGroup, type Group } from '@sluice/store'

/** What is told about a group, as it is kept. */
export function writeGroup({ id, name, description, labels, createdAt, updatedAt }: Group): string {
  return JSON.stringify({ id, name, description, labels, created_at: createdAt, updated_at: updatedAt })
}

/** Reads it; or says what is wrong with it. */
export function readGroup(id: string, text: string): Group | { readonly problem: string } {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { problem: 'is not JSON' }
  }
  if (!isRecord(value)) return { problem: 'must be a JSON object' }
  if (!/^[a-zA-Z0-9._-]{1,64}$/.test(id) || id === defaultGroup) return { problem: 'stands at a key that is none of a group' }
  const { name = id, description, labels, created_at: createdAt = 0, updated_at: updatedAt = createdAt } = value
  if (typeof name !== 'string') return { problem: 'name: must be a string' }
  if (typeof createdAt !== 'number' || typeof updatedAt !== 'number') return { problem: 'created_at: must be a number of seconds' }
  return {
    id,
    name,
    createdAt,
    updatedAt,
    ...(typeof description === 'string' && { description }),
    ...(isRecord(labels) && { labels: Object.fromEntries(Object.entries(labels).map(([label, said]) => [label, String(said)])) }),
  }
}

/** A group of which nothing is told. */
export function namelessGroup(id: string): Group {
  return { id, name: id, createdAt: 0, updatedAt: 0 }
}
