import type { IncomingMessage } from 'node:http'
import { parseAside, parseConfig, type Problem } from '@sluice/config'
import { refuse, Refusal } from './refusal.ts'

/** Bytes that a connection may still bring of a body that was refused, so that its client comes to read why. */
const mostDropped = 16 * 1024 * 1024
/** Characters of JSON that are read at once. What is longer, or no JSON, is read beside whatever else the process does: YAML takes its time. */
const small = 64 * 1024

/** A request’s body: plain JSON values out of JSON, or of YAML where the content type says so. Undefined: there is none. Throws a `Refusal`. */
export async function readBody(req: IncomingMessage, limit: number): Promise<unknown> {
  const text = (await bytesOf(req, limit)).toString('utf8')
  if (text.trim() === '') return undefined
  const isSmallJson = text.length <= small && isJson(text)
  const { value, issues } = isSmallJson ? parseConfig(text) : await parseAside(text)
  if (issues.length > 0) throw refuse(400, `invalid request body: ${issues.map(toText).join('; ')}`)
  const isYaml = /yaml/i.test(req.headers['content-type'] ?? '')
  // Of a large text the beginning is to tell: reading it again would hold everything up.
  if (!isYaml && !isSmallJson && (text.length <= small || !/^\s*[{[]/.test(text))) throw refuse(400, 'invalid request body: is not JSON')
  if (hasProto(value)) throw refuse(400, 'invalid request body: a member must not be called __proto__')
  return value
}

async function bytesOf(req: IncomingMessage, limit: number): Promise<Buffer> {
  if (req.headers['content-encoding'] !== undefined) throw refuse(415, 'content-encoding is not supported')
  const announced = Number(req.headers['content-length'] ?? 0)
  if (announced > limit) throw tooLarge(req, limit)
  const pieces: Buffer[] = []
  let length = 0
  return new Promise((resolve, reject) => {
    req.on('data', (piece: Buffer) => {
      length += piece.length
      if (length <= limit) pieces.push(piece)
      else if (length - piece.length <= limit) reject(tooLarge(req, limit))
    })
    req.once('end', () => resolve(Buffer.concat(pieces)))
    req.once('close', () => reject(refuse(400, 'the request ended before its body was whole')))
    req.once('error', () => reject(refuse(400, 'the request ended before its body was whole')))
  })
}

function tooLarge(req: IncomingMessage, limit: number): Refusal {
  let dropped = 0
  req.on('data', (piece: Buffer) => {
    dropped += piece.length
    if (dropped > mostDropped) req.destroy()
  })
  return new Refusal(413, { error_msg: `the request body must not be larger than ${limit} bytes` }, { connection: 'close' })
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

function toText({ message, position }: Problem): string {
  return position ? `line ${position.line}, column ${position.column}: ${message}` : message
}

/** No more than `parseConfig`’s depth of levels. */
function hasProto(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (Object.hasOwn(value, '__proto__')) return true
  return Object.values(value).some(hasProto)
}
