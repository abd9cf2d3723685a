import { Worker } from 'node:worker_threads'
import { parseConfig } from '@sluice/config'
import type { LayoutAsked, LayoutTold } from './layout-thread.ts'
import { layoutOf, type TextLayout } from './text-layout.ts'

/** What some editors begin a text with. */
export const byteOrderMark = '\ufeff'

/** Characters that are read in no more than some milliseconds; starting a thread takes longer than that. */
const small = 16 * 1024

/** As `readLayout`, in a thread of its own where the text is large. */
export async function readLayoutAside(text: string, file: string): Promise<TextLayout> {
  if (text.length <= small) return readLayout(text, file)
  return new Promise((resolve, reject) => {
    // Its own name, as it stands here or compiled.
    const thread = new Worker(new URL(import.meta.url.replace('read-layout', 'layout-thread')), {
      workerData: { text, file } satisfies LayoutAsked,
    })
    thread.once('message', ({ layout, problem }: LayoutTold) => {
      if (layout) resolve(layout)
      else reject(new SyntaxError(problem))
    })
    thread.once('error', reject)
    thread.once('exit', (code) => reject(new Error(`the thread that reads the configuration has ended with ${code}`)))
  })
}

/** Where the parts of a text stand; throws where it cannot be read, and says where in `file` and why. */
export function readLayout(text: string, file: string): TextLayout {
  const body = text.startsWith(byteOrderMark) ? text.slice(1) : text
  const layout = layoutOf(body)
  if (layout) return layout
  const [issue] = parseConfig(body).issues
  const place = issue?.position ? `:${issue.position.line}:${issue.position.column}` : ''
  throw new SyntaxError(`${file}${place}: ${issue?.message ?? 'must be a map'}`)
}

