import { bytesAnswer, jsonAnswer, partsAnswer, streamAnswer, type Answer } from './answer.ts'
import { binaryType } from './bedrock-events.ts'
import { errorAnswer } from './error-answer.ts'
import type { Dialect } from '@sluice/provider'
import type { Fixtures } from './fixtures.ts'
import type { Script } from './script.ts'

/** What a script says in place of the answer; nothing where it leaves the answer alone. */
export function scriptedAnswer(script: Script, { dialect, fixtures }: ScriptedAnswerInit): Scripted {
  const { status = 200, body, message = 'The mock was told to fail.' } = script
  if (script.fixture !== undefined) return fixtures.answer(script.fixture)
  if (script.garbage !== undefined) return garbage(script.garbage)
  if (script.event !== undefined) return events(script.event, dialect)
  if (body !== undefined) return bodyAnswer(body, status)
  if (script.errorIn200) return { ...errorAnswer(dialect, { status: 500, message }), status: 200 }
  if (script.redirect) return redirect
  return status >= 400 ? errorAnswer(dialect, { status, message }) : undefined
}

interface ScriptedAnswerInit {
  readonly dialect: Dialect
  readonly fixtures: Fixtures
}

/** Only fixtures take their time. */
type Scripted = Answer | Promise<Answer> | undefined

const nothing = Buffer.alloc(0)
const redirect = {
  ...bytesAnswer(nothing, { type: 'text/plain', status: 307 }),
  headers: ['location', '/elsewhere'],
}

const html = '<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body>Bad Gateway</body></html>'
const halfJson = '{"id":"chatcmpl-1","choices":[{"index":'

function garbage(kind: NonNullable<Script['garbage']>): Answer {
  if (kind === 'html') return bytesAnswer(Buffer.from(html), { type: 'text/html' })
  return bytesAnswer(kind === 'json' ? Buffer.from(halfJson) : nothing, { type: 'application/json' })
}

function events(given: NonNullable<Script['event']>, dialect: Dialect): Answer {
  const list = typeof given === 'string' || given instanceof Uint8Array ? [given] : given
  const parts = list.map((one) => ({
    bytes: typeof one === 'string' ? Buffer.from(one) : Buffer.from(one),
    tokens: 1,
  }))
  return partsAnswer(dialect === 'bedrock-converse' ? binaryType : streamAnswer([]).type, parts)
}

function bodyAnswer(body: unknown, status: number): Answer {
  if (typeof body === 'string') return bytesAnswer(Buffer.from(body), { type: 'application/json', status })
  if (body instanceof Uint8Array)
    return bytesAnswer(Buffer.from(body), { type: 'application/octet-stream', status })
  return jsonAnswer(body, status)
}
