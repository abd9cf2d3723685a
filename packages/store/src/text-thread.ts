import { parentPort, workerData } from 'node:worker_threads'
import { ConfigText, type TextChange } from './config-text.ts'
import type { TextLayout } from './text-layout.ts'

/** The text that the thread is to read, the file it is from, and the changes that are to be made. */
export interface TextAsked {
  readonly text: string
  readonly file: string
  readonly changes?: readonly TextChange[]
}

export interface TextRead {
  readonly text: string
  readonly layout: TextLayout
}

/** What came of it, or why it cannot be read. */
export type TextTold = TextRead | { readonly problem: string }

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has none; that is for windows
parentPort?.postMessage(answer(workerData as TextAsked))

function answer({ text, file, changes = [] }: TextAsked): TextTold {
  try {
    const { text: changed, layout } = ConfigText.parse(text, file).apply(changes)
    return { text: changed, layout }
  } catch (error) {
    if (error instanceof SyntaxError) return { problem: error.message }
    throw error
  }
}
