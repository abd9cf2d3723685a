import { unlink } from 'node:fs/promises'
import { ConfigFile } from './config-file.ts'
import { ConfigText } from './config-text.ts'
import { journalOf, readJournal } from './change-journal.ts'

/** A configuration file with what was still to be written to it. */
export interface Recovered {
  readonly text: string
  /** Changes that were accepted by a process that was killed before they were in the file. */
  readonly changes: number
}

/**
 * Has a configuration file, of which `text` was read, hold what was accepted for it: to be called before anything serves
 * it. Rejects where the file cannot be written, or changes meanwhile, and where its journal cannot be read.
 */
export async function recoverChanges(file: string, text: string): Promise<Recovered> {
  const changes = await readJournal(file)
  if (changes.length === 0) return { text, changes: 0 }
  let parts: ConfigText
  try {
    parts = await ConfigText.parseAside(text, file)
  } catch {
    return { text, changes: 0 } // whoever reads the text says what is wrong with it; once that is mended they are still there
  }
  const changed = await parts.applyAside(changes)
  if (changed.text !== text) {
    const config = new ConfigFile(file, text)
    await config.write(changed.text)
    await config.flush()
  }
  await unlink(journalOf(file))
  return { text: changed.text, changes: changes.length }
}
