import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress, constants } from 'node:zlib'
import type { Transform } from 'node:stream'
import { HttpError } from '@sluice/kernel'
import type { Flow, Receiver } from '@sluice/upstream'

/** Unpacks what an upstream compressed without being asked, so that it can be read and relayed as what it is. */
export class BodyDecoder implements Receiver {
  readonly #unpack: Transform
  readonly #inner: Receiver
  readonly #call: Flow
  #over = false
  /** Why there will be no more; told behind what came before it. */
  #failure: HttpError | undefined

  /** `call` is where the bytes come from; it ends where they cannot be unpacked, and waits where they come faster than that. */
  constructor(unpack: Transform, inner: Receiver, call: Flow) {
    this.#unpack = unpack
    this.#inner = inner
    this.#call = call
    unpack.on('drain', () => {
      if (!unpack.isPaused()) call.resume()
    })
    unpack.on('data', (chunk: Buffer) => {
      if (!this.#over) inner.data(chunk)
    })
    unpack.on('end', () => this.#once(() => (this.#failure ? inner.fail(this.#failure) : inner.end())))
    unpack.on('error', (cause) =>
      this.#once(() => {
        if (this.#failure) return inner.fail(this.#failure)
        call.stop('upstream_error')
        inner.fail(
          new HttpError(502, 'invalid_upstream_response', 'upstream sent a compressed body that cannot be read', {
            cause,
            outcome: 'upstream_error',
          }),
        )
      }),
    )
  }

  data(chunk: Buffer): void {
    if (!this.#unpack.write(chunk)) this.#call.pause()
  }

  end(): void {
    this.#unpack.end()
  }

  /** What has come is unpacked first, unless nobody is left to read it. */
  fail(error: HttpError): void {
    if (error.outcome !== 'client_disconnect') {
      this.#failure = error
      this.#unpack.end()
    } else
      this.#once(() => {
        this.#unpack.destroy()
        this.#inner.fail(error)
      })
  }

  #once(act: () => void): void {
    if (this.#over) return
    this.#over = true
    act()
  }
}

/** What unpacks this `content-encoding`; undefined where nothing has to. Throws a 502 for one that nobody knows. */
export function unpackerFor(encoding: string | undefined): Transform | undefined {
  switch (encoding?.trim().toLowerCase()) {
    case undefined:
    case '':
    case 'identity':
      return undefined
    case 'gzip':
    case 'x-gzip':
      return createGunzip({ flush: constants.Z_SYNC_FLUSH })
    case 'deflate':
      return createInflate({ flush: constants.Z_SYNC_FLUSH })
    case 'br':
      return createBrotliDecompress({ flush: constants.BROTLI_OPERATION_FLUSH })
    case 'zstd':
      return createZstdDecompress()
    default:
      throw new HttpError(502, 'invalid_upstream_response', 'upstream answered in a content encoding that is not known here', {
        outcome: 'upstream_error',
      })
  }
}
