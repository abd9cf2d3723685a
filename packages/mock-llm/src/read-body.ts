import type { IncomingMessage } from 'node:http'
import { receivedBody, type ReceivedBody } from './received-body.ts'

/** How reading a body ended; one that is too large is not kept. */
export interface ReadBody {
  readonly end: 'whole' | 'broken' | 'too-large'
  readonly body: ReceivedBody
}

/** Gathers a request's body up to a limit in bytes; calls back once. */
export function readBody(req: IncomingMessage, limit: number, done: (read: ReadBody) => void): void {
  const chunks: Buffer[] = []
  let length = 0
  let over = false
  const finish = (read: ReadBody) => {
    if (over) return
    over = true
    done(read)
  }
  const gathered = () => receivedBody(chunks, length)
  req.on('data', (chunk: Buffer) => {
    length += chunk.length
    if (length <= limit) chunks.push(chunk)
    else finish({ end: 'too-large', body: receivedBody([], 0) })
  })
  req.on('end', () => finish({ end: 'whole', body: gathered() }))
  req.on('close', () => finish({ end: 'broken', body: gathered() }))
  req.on('error', () => finish({ end: 'broken', body: gathered() }))
}
