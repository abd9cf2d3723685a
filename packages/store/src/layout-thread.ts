import { parentPort, workerData } from 'node:worker_threads'
import { readLayout } from './read-layout.ts'
import type { TextLayout } from './text-layout.ts'

/** The text that the thread is to read, and the file it is from. */
export interface LayoutAsked {
  readonly text: string
  readonly file: string
}

/** One of both. */
export interface LayoutTold {
  readonly layout?: TextLayout
  readonly problem?: string
}

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has none; that is for windows
parentPort?.postMessage(answer(workerData as LayoutAsked))

function answer({ text, file }: LayoutAsked): LayoutTold {
  try {
    return { layout: readLayout(text, file) }
  } catch (error) {
    if (error instanceof SyntaxError) return { problem: error.message }
    throw error
  }
}
