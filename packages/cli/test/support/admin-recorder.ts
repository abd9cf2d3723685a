import type { IncomingMessage } from 'node:http'
import { startUpstream } from '../../../../test/support/upstream.ts'

/** A request as it came. */
export interface Recorded {
  /** `PUT /apisix/admin/routes/1?gateway_group_id=default`. */
  readonly line: string
  readonly headers: IncomingMessage['headers']
  readonly body: unknown
}

export interface Answer {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body: unknown
}

export interface AdminRecorder {
  readonly url: string
  readonly requests: readonly Recorded[]
  /** Requests as lines, those with a body with that behind. */
  lines(): readonly string[]
}

/** Something that takes requests of an Admin API down, and answers what `answer` says; it ends with the test. */
export async function recordAdmin(answer: (request: Recorded) => Answer): Promise<AdminRecorder> {
  const requests: Recorded[] = []
  const { url } = await startUpstream((req, res) => {
    let text = ''
    req.setEncoding('utf8').on('data', (piece: string) => (text += piece))
    req.on('end', () => {
      const request = { line: `${req.method} ${req.url}`, headers: req.headers, body: text === '' ? undefined : (JSON.parse(text) as unknown) }
      requests.push(request)
      const { status = 200, headers = {}, body } = answer(request)
      res.writeHead(status, { 'content-type': 'application/json', 'x-api-version': 'v3', ...headers }).end(JSON.stringify(body))
    })
  })
  return { url, requests, lines: () => requests.map(({ line, body }) => (body === undefined ? line : `${line} ${JSON.stringify(body)}`)) }
}
