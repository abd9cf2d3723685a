import { Agent, request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'

/** An answer as it came over the wire, to its end or to where it was cut. */
export interface RawAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  /** The body came to its proper end: its last chunk, or all of its declared length. */
  readonly isWhole: boolean
  /** Name of the exchange in the access log. */
  readonly id: string
}

export interface Ask {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Text and bytes as they are, anything else as JSON. */
  readonly body?: unknown
}

/** An answer that is under way. */
export interface RawReading {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly id: string
  /** What has come so far. */
  text(): string
  /** Resolves once `wanted` has come, with everything so far. Rejects where the answer ends without it. */
  until(wanted: string): Promise<string>
  /** Resolves with the next read, or at the end. */
  more(): Promise<void>
  /** Reads to the end, or to the cut. */
  rest(): Promise<RawAnswer>
  /** Forgets what has come and what comes, and counts it: for answers that are too large to be kept. */
  count(): Promise<{ readonly bytes: number; readonly isWhole: boolean }>
  /** Takes nothing more from the socket, until `resume`. */
  pause(): void
  resume(): void
  /** Closes the connection. */
  hangUp(): void
}

// A connection each: what happens to one must not touch the next.
const agent = new Agent({ keepAlive: false })

/** Sends a request and reads its answer to the end. A cut body is no error here: `isWhole` tells. */
export async function askRaw(url: string, ask: Ask = {}): Promise<RawAnswer> {
  return (await openRaw(url, ask)).rest()
}

/** Sends a request and hands the answer over once its head is there. Rejects where the connection ends before. */
export function openRaw(url: string, ask: Ask = {}): Promise<RawReading> {
  return sendRaw(url, ask).answer
}

/** A request whose answer may never come. */
export interface Pending {
  readonly answer: Promise<RawReading>
  hangUp(): void
}

export function sendRaw(url: string, { method = 'POST', headers = {}, body }: Ask = {}): Pending {
  const bytes = bytesOf(body)
  const req = request(url, {
    method,
    agent,
    headers: {
      ...(bytes && { 'content-type': 'application/json', 'content-length': String(bytes.length) }),
      ...headers,
    },
  })
  const answer = new Promise<RawReading>((resolve, reject) => {
    req.on('error', reject)
    req.on('response', (res) => resolve(readingOf(res, () => req.destroy())))
  })
  req.end(bytes)
  return { answer, hangUp: () => req.destroy() }
}

function bytesOf(body: unknown): Buffer | undefined {
  if (body === undefined) return undefined
  if (body instanceof Uint8Array) return Buffer.from(body)
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
}

function readingOf(res: IncomingMessage, hangUp: () => void): RawReading {
  const head = {
    status: res.statusCode ?? 0,
    headers: res.headers,
    id: String(res.headers['x-sluice-request-id'] ?? ''),
  }
  let chunks: Buffer[] = []
  let isKept = true
  let bytes = 0
  const over = new Promise<void>((resolve) => res.once('close', resolve))
  const text = (): string => Buffer.concat(chunks).toString()
  res.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (isKept) chunks.push(chunk)
  })
  res.on('error', () => {}) // a cut; `complete` says so
  const more = (): Promise<void> =>
    Promise.race([over, new Promise<void>((resolve) => res.once('data', () => resolve()))])
  return {
    ...head,
    text,
    async until(wanted) {
      while (!text().includes(wanted)) {
        if (res.closed) throw new Error(`the answer ended without ${JSON.stringify(wanted)}:\n${text()}`)
        await more()
      }
      return text()
    },
    more,
    async rest() {
      await over
      return { ...head, body: Buffer.concat(chunks), isWhole: res.complete }
    },
    async count() {
      isKept = false
      chunks = []
      await over
      return { bytes, isWhole: res.complete }
    },
    pause: () => void res.pause(),
    resume: () => void res.resume(),
    hangUp,
  }
}
