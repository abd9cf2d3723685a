import { connect, type Socket } from 'node:net'
import { AnswerReader, type Answer } from './answer-reader.ts'

/** An answer that takes longer is none: a target that hangs must not hang the benchmark. */
const timeoutMs = 15_000

/** One client with one connection, kept as long as the server keeps it; one request at a time. */
export class Connection {
  readonly #port: number
  readonly #host: string
  #socket: Socket | undefined
  #settle: { resolve(answer: Answer): void; reject(error: Error): void } | undefined

  constructor(host: string, port: number) {
    this.#host = host
    this.#port = port
  }

  /** Opens the connection if it is not open; outside what is measured. */
  async open(): Promise<void> {
    if (this.#socket && !this.#socket.destroyed && this.#socket.writable) return
    const socket = connect({ host: this.#host, port: this.#port, noDelay: true })
    const reader = new AnswerReader((answer) => this.#answered(answer))
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject))
    socket.removeAllListeners('error')
    socket.on('data', (chunk: Buffer) => this.#read(reader, chunk))
    socket.on('error', (error) => this.#fail(error))
    socket.on('close', () => {
      if (this.#socket === socket && !reader.end()) this.#fail(new Error('connection closed in the middle of an exchange'))
    })
    socket.on('timeout', () => this.#fail(new Error(`no answer within ${timeoutMs} ms`)))
    this.#socket = socket
  }

  /** Sends one whole request; resolves with its whole answer. */
  send(request: Buffer): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject }
      if (!this.#socket?.writable) return this.#fail(new Error('connection closed between two exchanges'))
      this.#socket.setTimeout(timeoutMs)
      this.#socket.write(request)
    })
  }

  close(): void {
    this.#socket?.destroy()
  }

  #read(reader: AnswerReader, chunk: Buffer): void {
    try {
      if (!this.#settle) throw new Error('bytes that nobody asked for')
      reader.push(chunk)
    } catch (error) {
      this.#fail(error as Error)
    }
  }

  #answered(answer: Answer): void {
    const settle = this.#settle
    this.#settle = undefined
    this.#socket?.setTimeout(0)
    if (answer.closes) this.#socket?.destroy()
    settle?.resolve(answer)
  }

  #fail(error: Error): void {
    const settle = this.#settle
    this.#settle = undefined
    this.#socket?.destroy()
    settle?.reject(error)
  }
}
