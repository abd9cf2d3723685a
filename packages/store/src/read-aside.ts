import { Worker } from 'node:worker_threads'
import type { TextAsked, TextRead, TextTold } from './text-thread.ts'

/** Reads a text, and changes it where it is asked to, in a thread of its own. */
export function readAside(asked: TextAsked): Promise<TextRead> {
  return new Promise((resolve, reject) => {
    // Its own name, as it stands here or compiled.
    const thread = new Worker(new URL(import.meta.url.replace('read-aside', 'text-thread')), { workerData: asked })
    thread.once('message', (told: TextTold) => {
      if ('problem' in told) reject(new SyntaxError(told.problem))
      else resolve(told)
    })
    thread.once('error', reject)
    thread.once('exit', (code) => reject(new Error(`the thread that reads the configuration has ended with ${code}`)))
  })
}
