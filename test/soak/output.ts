import { closeSync, openSync, readSync } from 'node:fs'
import { StringDecoder } from 'node:string_decoder'

/** A line that the gateway has printed. */
export interface PrintedLine {
  readonly level: number
  readonly msg: string
  readonly text: string
  /** The exchange that it speaks of. */
  readonly requestId: string | undefined
  readonly members: Readonly<Record<string, unknown>>
}

/** What the gateway prints into its file, read as it grows. */
export class Output {
  readonly #fd: number
  readonly #decoder = new StringDecoder('utf8')
  readonly #counts = new Map<string, number>()
  /** Warnings and errors, and whatever is no line of the log but the welcome. */
  readonly telling: PrintedLine[] = []
  readonly all = { lines: 0 }
  #rest = ''
  #at = 0

  constructor(file: string) {
    this.#fd = openSync(file, 'r')
  }

  /** How often a line with this message, or one that begins so, was printed. */
  count(message: string): number {
    this.read()
    let times = 0
    for (const [known, count] of this.#counts) if (known.startsWith(message)) times += count
    return times
  }

  read(): void {
    const chunk = Buffer.alloc(256 * 1024)
    for (let length = readSync(this.#fd, chunk, 0, chunk.length, this.#at); length > 0; length = readSync(this.#fd, chunk, 0, chunk.length, this.#at)) {
      this.#at += length
      const lines = (this.#rest + this.#decoder.write(chunk.subarray(0, length))).split('\n')
      this.#rest = lines.pop() ?? ''
      for (const line of lines) this.#take(line)
    }
  }

  close(): void {
    this.read()
    closeSync(this.#fd)
  }

  #take(text: string): void {
    this.all.lines += 1
    const line = toLine(text)
    this.#counts.set(line.msg, (this.#counts.get(line.msg) ?? 0) + 1)
    if (line.level >= 40 || line.msg.startsWith('stopping')) this.telling.push(line)
  }
}

function toLine(text: string): PrintedLine {
  if (!text.startsWith('{')) return { level: /^(?:sluice serves| {2}|$)/.test(text) ? 0 : 100, msg: text, text, requestId: undefined, members: {} }
  const members = JSON.parse(text) as Record<string, unknown>
  const { level, msg = '', request_id: id } = members
  return { level: Number(level), msg: String(msg), text, requestId: id === undefined ? undefined : String(id), members }
}
