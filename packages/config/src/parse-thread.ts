import { parentPort, workerData } from 'node:worker_threads'
import type { Issue } from '@sluice/kernel'
import { isRecord } from './is-record.ts'
import { parseConfig, type ParsedConfig, type Position } from './parse-config.ts'

/** What the thread is to do: read a text or, given paths, find where they stand in it. */
export interface Asked {
  readonly text: string
  readonly paths?: readonly Issue['path'][]
}

export interface Told {
  readonly issues: ParsedConfig['issues']
  readonly value?: Cut
  readonly positions?: readonly (Position | undefined)[]
}

/** A value in pieces of JSON that are read in a moment each. */
export interface Cut {
  /** All of it but the items of long lists. */
  readonly outline: string
  /** Their items, as lists of some; by member of the value. */
  readonly lists: readonly (readonly [name: string, pieces: readonly string[]])[]
}

/** Routes, for one, of which a piece is read in less than a millisecond. */
const itemsPerPiece = 100

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has none; that is for windows
parentPort?.postMessage(answer(workerData as Asked))

function answer({ text, paths }: Asked): Told {
  const { value, issues, locate } = parseConfig(text)
  if (paths) return { issues, positions: paths.map(locate) }
  return { issues, ...(issues.length === 0 && { value: cut(value) }) }
}

function cut(value: unknown): Cut {
  if (!isRecord(value)) return { outline: JSON.stringify(value), lists: [] }
  const long = Object.entries(value).filter((entry): entry is [string, unknown[]] => {
    const [, member] = entry
    return Array.isArray(member) && member.length > itemsPerPiece
  })
  const emptied = long.map(([name]) => [name, []] as const)
  return {
    outline: JSON.stringify(Object.fromEntries([...Object.entries(value), ...emptied])),
    lists: long.map(([name, items]) => [name, piecesOf(items)]),
  }
}

function piecesOf(items: readonly unknown[]): readonly string[] {
  const pieces: string[] = []
  for (let from = 0; from < items.length; from += itemsPerPiece) {
    pieces.push(JSON.stringify(items.slice(from, from + itemsPerPiece)))
  }
  return pieces
}
