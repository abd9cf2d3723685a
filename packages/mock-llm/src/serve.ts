import type { IncomingMessage, ServerResponse } from 'node:http'
import { performance } from 'node:perf_hooks'
import type { Answer } from './answer.ts'
import { answerHead } from './answer-head.ts'
import { ApiError } from './api-error.ts'
import { errorAnswer } from './error-answer.ts'
import type { Fixtures } from './fixtures.ts'
import { operationAt } from './operations.ts'
import { scriptOf } from './parse-script.ts'
import { play, type Player } from './play.ts'
import type { Question } from './answerer.ts'
import type { ReceivedBody } from './received-body.ts'
import { readBody } from './read-body.ts'
import type { Script } from './script.ts'
import { scriptedAnswer } from './scripted-answer.ts'
import type { Closed, SeenRequests } from './seen-requests.ts'
import { toSteps, type Cadence } from './to-steps.ts'

/** As much as a gateway lets through. */
const maxBody = 67_108_864

/** What all exchanges of a mock share. */
export interface Mock {
  answer(question: Question): Answer
  nextScript(): Script | undefined
  readonly cadence: Cadence
  readonly fixtures: Fixtures
  readonly seen: SeenRequests
  readonly log: ((line: string) => void) | undefined
  /** How many requests there were. */
  requests: number
  /** Set while the mock closes, so that nobody takes that for a client that went away. */
  closing: boolean
}

/** Answers one request. */
export function serve(req: IncomingMessage, { res, mock }: { res: ServerResponse; mock: Mock }): void {
  const { method = 'GET', url = '/', headers, rawHeaders } = req
  const [path = '/'] = url.split('?', 1)
  const query = new URLSearchParams(url.slice(path.length + 1))
  const dialect = operationAt(path)?.dialect ?? 'openai-chat'
  const at = performance.now()
  const number = ++mock.requests
  let settle: ((closed: Closed) => void) | undefined
  let player: Player | undefined
  let broken = false

  res.on('close', over)
  readBody(req, maxBody, ({ end, body }) => {
    settle = mock.seen.add({ method, url, headers, rawHeaders, body, at })
    if (end === 'broken') over()
    else if (end === 'too-large') refuseRest()
    else answer(body)
  })

  function answer(body: ReceivedBody): void {
    try {
      const script = scriptOf(req) ?? mock.nextScript()
      if (script?.resetOnAccept || script?.garbage === 'http') return breakOff(script)
      const scripted = script && scriptedAnswer(script, { dialect, fixtures: mock.fixtures })
      if (scripted instanceof Promise) scripted.then((found) => send(found, script), fail)
      else send(scripted ?? mock.answer({ method, path, query, headers, body, wishes: script ?? {} }), script)
    } catch (error) {
      fail(error)
    }
  }

  function send(found: Answer, script?: Script): void {
    if (res.destroyed) return
    const head = answerHead(found, { dialect, script, number })
    const tokensPerSecond = script?.tokensPerSecond ?? mock.cadence.tokensPerSecond
    const firstTokenMs = script?.firstTokenMs ?? mock.cadence.firstTokenMs
    if (!script && firstTokenMs === 0 && (tokensPerSecond === 0 || !found.streams)) {
      const length = head.length === undefined ? [] : ['content-length', String(head.length)]
      res.writeHead(head.status, [...head.headers, ...length]).end(found.bytes)
      return
    }
    const cadence = { tokensPerSecond, firstTokenMs }
    player = play(res, { head, steps: toSteps(found, { script: script ?? {}, cadence, dialect }) })
  }

  function fail(error: unknown): void {
    if (error instanceof ApiError) send(errorAnswer(dialect, error))
    else send(errorAnswer(dialect, { status: 500, message: `mock-llm failed: ${String(error)}` }))
  }

  function breakOff({ resetOnAccept }: Script): void {
    broken = true
    if (resetOnAccept) req.socket.resetAndDestroy()
    else req.socket.end('This is not HTTP.\r\n\r\n', () => req.socket.destroy())
  }

  function refuseRest(): void {
    // The rest of the body is not read, so the connection cannot be used again.
    res.setHeader('connection', 'close')
    send(errorAnswer(dialect, { status: 413, message: `The body exceeds ${maxBody} bytes.` }))
  }

  function over(): void {
    player?.stop()
    if (!settle) return
    const by = ending()
    const now = performance.now()
    settle({ by, at: now })
    settle = undefined
    mock.log?.(
      logLine({ method, path, status: res.headersSent ? res.statusCode : undefined, by, ms: now - at }),
    )
  }

  function ending(): Closed['by'] {
    if (mock.closing || broken || player?.broken) return 'mock'
    return res.writableFinished ? 'answer' : 'client'
  }
}

interface LogLine {
  readonly method: string
  readonly path: string
  readonly status: number | undefined
  readonly by: Closed['by']
  readonly ms: number
}

const endings = { answer: '', client: ', the client went away', mock: ', broken off' } as const

/** Neither headers nor query are told: keys may be in them. Node's parser lets no path pass that could forge a line. */
function logLine({ method, path, status, by, ms }: LogLine): string {
  return `${method} ${path.slice(0, 200)} ${status ?? '-'} ${ms.toFixed(0)} ms${endings[by]}`
}
