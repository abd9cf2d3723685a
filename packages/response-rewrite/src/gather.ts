import { abandoned, bodyLength, HttpError, isStream, type Exchange, type Reply, type ReplyStream } from '@sluice/kernel'

/** Bytes of a body that is read to be changed, at most. */
export const mostBytes = 16 * 1024 * 1024

/** The whole body of a reply. Rejects with a 502 where it is too large, or where upstream breaks it off. */
export async function gather(ctx: Exchange, { body }: Reply): Promise<Buffer> {
  if (body === null) return Buffer.alloc(0)
  if (isStream(body)) return drained(ctx, body)
  if ((bodyLength(body) ?? 0) > mostBytes) throw tooLarge()
  if (typeof body === 'string') return Buffer.from(body)
  return body instanceof Uint8Array ? Buffer.from(body.buffer, body.byteOffset, body.byteLength) : Buffer.concat(body)
}

async function drained(ctx: Exchange, stream: ReplyStream): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  let length = 0
  let isWhole = false
  const { promise: ended, resolve: end } = Promise.withResolvers<void>()
  const unsubscribe = ctx.onAbort((reason) => {
    stream.cancel(reason)
    end()
  })
  stream.start({
    write(bytes) {
      length += bytes.byteLength
      if (length > mostBytes) {
        stream.cancel('refused')
        end()
        return false
      }
      pieces.push(Uint8Array.from(bytes)) // whoever wrote may use its buffer again
      return true
    },
    end(outcome) {
      isWhole = outcome === 'complete'
      end()
    },
  })
  // A stream that somebody else has cancelled says nothing to its sink.
  void stream.done.then(() => setImmediate(end))
  await ended
  unsubscribe()
  if (ctx.aborted) throw abandoned(ctx.aborted)
  if (length > mostBytes) throw tooLarge()
  if (!isWhole) throw new HttpError(502, 'upstream_broke_off', 'the upstream broke off its answer', { outcome: 'upstream_error' })
  return Buffer.concat(pieces, length)
}

function tooLarge(): HttpError {
  return new HttpError(502, 'response_too_large', `the answer has more than ${mostBytes} bytes, and cannot be changed`, { outcome: 'upstream_error' })
}
