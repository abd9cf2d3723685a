import { constants, crc32, deflateRawSync } from 'node:zlib'

/** RFC 1952 §2.3: deflate, no name, no time, unknown system. */
const head = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff])

/** The last, empty block of a deflate stream. */
const lastBlock = Buffer.from([3, 0])

/** One gzip stream in pieces that a reader can unpack as they come. */
export interface GzipParts {
  add(bytes: Buffer): Buffer
  end(): Buffer
}

/** Compresses part by part, each flushed, as a server does that compresses events. */
export function gzipParts(): GzipParts {
  let checksum = 0
  let length = 0
  let opened = false

  function opening(): Buffer[] {
    const first = opened ? [] : [head]
    opened = true
    return first
  }

  return {
    add(bytes) {
      const block = deflateRawSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH })
      checksum = crc32(bytes, checksum)
      length += bytes.length
      return Buffer.concat([...opening(), block])
    },
    end() {
      const sums = Buffer.alloc(8)
      sums.writeUInt32LE(checksum, 0)
      sums.writeUInt32LE(length >>> 0, 4)
      return Buffer.concat([...opening(), lastBlock, sums])
    },
  }
}
