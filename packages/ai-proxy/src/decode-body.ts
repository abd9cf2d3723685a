import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress, constants } from 'node:zlib'
import type { Transform } from 'node:stream'
import { HttpError } from '@sluice/kernel'
import type { Receiver } from '@sluice/upstream'

/** Unpacks what an upstream compressed without being asked, so that it can be read and relayed as what it is. */
export class BodyDecoder implements Receiver {
  readonly #unpack: Transform
  readonly #inner: Receiver
  #over = false

  /** `stop` ends the upstream call where its bytes cannot be unpacked. */
  constructor(unpack: Transform, inner: Receiver, stop: () => void) {
    this.#unpack = unpack
    this.#inner = inner
    unpack.on('data', (chunk: Buffer) => {
      if (!this.#over) inner.data(chunk)
    })
    unpack.on('end', () => this.#once(() => inner.end()))
    unpack.on('error', (cause) =>
      this.#once(() => {
        stop()
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
    this.#unpack.write(chunk)
  }

  end(): void {
    this.#unpack.end()
  }

  fail(error: HttpError): void {
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
