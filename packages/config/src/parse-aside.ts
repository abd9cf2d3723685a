import { Worker } from 'node:worker_threads'
import { TimeSlice, type Issue } from '@sluice/kernel'
import { parseConfig, type ParsedConfig, type Position } from './parse-config.ts'
import type { Asked, Cut, Told } from './parse-thread.ts'

/** A text that was read beside whatever else the process does. */
export interface ReadConfigText extends Omit<ParsedConfig, 'locate'> {
  /** As `ParsedConfig.locate`, of several paths at once. Reads the text again where it is large. */
  locate(paths: readonly Issue['path'][]): Promise<readonly (Position | undefined)[]>
}

/** Characters that are read in no more than some milliseconds; starting a thread takes longer than that. */
const small = 16 * 1024

/** As `parseConfig`, for a process that serves: a large text, which takes seconds, is read in a thread of its own. */
export async function parseAside(text: string): Promise<ReadConfigText> {
  if (text.length <= small) {
    const { value, issues, locate } = parseConfig(text)
    return { value, issues, locate: async (paths) => paths.map(locate) }
  }
  const { issues, value } = await ask({ text })
  return {
    value: value && (await joined(value)),
    issues,
    locate: async (paths) => (paths.length === 0 ? [] : ((await ask({ text, paths })).positions ?? [])),
  }
}

function ask(asked: Asked): Promise<Told> {
  return new Promise((resolve, reject) => {
    // Its own name, as it stands here or compiled.
    const thread = new Worker(new URL(import.meta.url.replace('parse-aside', 'parse-thread')), { workerData: asked })
    thread.once('message', resolve)
    thread.once('error', reject)
    thread.once('exit', (code) => reject(new Error(`the thread that reads the configuration has ended with ${code}`)))
  })
}

async function joined({ outline, lists }: Cut): Promise<unknown> {
  const value = JSON.parse(outline) as Record<string, unknown[]>
  const slice = new TimeSlice()
  for (const [name, pieces] of lists) {
    for (const piece of pieces) {
      if (slice.isOver) await slice.rest()
      value[name]?.push(...(JSON.parse(piece) as unknown[]))
    }
  }
  return value
}
