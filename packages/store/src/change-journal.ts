import { closeSync, openSync, realpathSync, unlinkSync, writeSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { isRecord, kinds, type Kind } from '@sluice/config'
import type { TextChange } from './config-text.ts'

/**
 * Changes that were accepted and are not in the configuration file yet, one line each time, beside it: a process that is
 * killed loses none of them, and to add a line takes a hundredth of what it takes to write a large file.
 */
export class ChangeJournal {
  readonly #file: string
  #descriptor: number | undefined

  /** Of that configuration file. */
  constructor(configFile: string) {
    this.#file = configFile
  }

  /** Adds changes, all of them or none. Once it returns they outlive the process. */
  append(changes: readonly TextChange[]): void {
    this.#descriptor ??= openSync(journalOf(this.#file), 'a', 0o600)
    const line = Buffer.from(`${JSON.stringify(changes)}\n`)
    for (let at = 0; at < line.length; ) at += writeSync(this.#descriptor, line, at)
  }

  /** The file holds them all. */
  clear(): void {
    if (this.#descriptor === undefined) return
    closeSync(this.#descriptor)
    this.#descriptor = undefined
    unlinkSync(journalOf(this.#file))
  }
}

/** The journal of a configuration file: beside what a symbolic link leads to, as all that is written there. */
export function journalOf(configFile: string): string {
  const path = realpathSync.native(configFile)
  return join(dirname(path), `.${basename(path)}.sluice-journal`)
}

/** What a process has left there when it was killed; a line that it did not come to end was never accepted. */
export async function readJournal(configFile: string): Promise<TextChange[]> {
  let journal: string
  let text: string
  try {
    journal = journalOf(configFile)
    text = await readFile(journal, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
  return text
    .split('\n')
    .slice(0, -1)
    .flatMap((line, index) => changesIn(line, `${journal}, line ${index + 1}`))
}

function changesIn(line: string, place: string): TextChange[] {
  let changes: unknown
  try {
    changes = JSON.parse(line)
  } catch {
    // What it holds may be secret, and the parser would quote it.
  }
  if (!Array.isArray(changes) || !changes.every(isTextChange)) {
    throw new Error(`${place}, holds no changes of a configuration: move that file away to start without what it holds`)
  }
  return changes
}

function isTextChange(value: unknown): value is TextChange {
  return isRecord(value) && kinds.includes(value['kind'] as Kind) && typeof value['id'] === 'string' && (value['value'] === undefined || isRecord(value['value']))
}
