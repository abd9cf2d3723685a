import { Document } from '@sluice/json-edit'

/** Bytes of text that one side of a logged conversation may take in a log line. */
const maxPayload = 64 * 1024

/** Gathers what `logging.payloads` asks for, bounded. */
export class Payloads {
  readonly #pieces: string[] = []
  #length = 0

  /** Takes a share of the answer's text; what is beyond the bound is dropped and marked. */
  add(text: string): void {
    if (text === '' || this.#length > maxPayload) return
    this.#pieces.push(this.#length + text.length > maxPayload ? `${text.slice(0, maxPayload - this.#length)}…` : text)
    this.#length += text.length
  }

  get text(): string {
    return this.#pieces.join('')
  }
}

/** A JSON value that is small enough to be logged whole, else its beginning as text. */
export function boundedJson(json: Buffer): unknown {
  // JSON.parse may misread the names of what a client sends: https://github.com/nodejs/node/issues/63785
  if (json.byteLength <= maxPayload) return Document.parse(json).get([])
  return `${json.toString('utf8', 0, maxPayload)}…`
}
