import type { IncomingMessage, ServerResponse } from 'node:http'

/**
 * Tells a client that waits with its body to go on (`Expect: 100-continue`), once somebody reads that body. Where the
 * answer comes first, the body is not asked for, and the connection ends: nobody knows what the client sends on it next.
 */
export function continueWhenRead(req: IncomingMessage, res: ServerResponse): void {
  const { shouldKeepAlive } = res
  res.shouldKeepAlive = false
  req.once('resume', () => {
    if (res.headersSent) return
    res.shouldKeepAlive = shouldKeepAlive
    res.writeContinue()
  })
}
