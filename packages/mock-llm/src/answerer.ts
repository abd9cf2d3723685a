import { hash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import type { Answer } from './answer.ts'
import { ApiError } from './api-error.ts'
import { checkSigned } from './bedrock-checks.ts'
import { badGoogleKey, errorAnswer } from './error-answer.ts'
import type { Dialect } from '@sluice/provider'
import { isObject, type JsonObject } from './json-object.ts'
import { knownPaths, operationAt, type Operation } from './operations.ts'
import type { ReceivedBody } from './received-body.ts'
import { recentAnswers } from './recent-answers.ts'
import type { Wishes } from './turn.ts'

export interface Question {
  readonly method: string
  /** Without query. */
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingHttpHeaders
  readonly body: ReceivedBody
  readonly wishes: Wishes
}

/** Answers requests as the APIs do, their refusals included; never throws. `created` is Unix time, seconds. */
export function answerer({ created }: { created: number }): (question: Question) => Answer {
  const remember = recentAnswers()
  return (question) => {
    const operation = operationAt(question.path)
    const dialect = operation?.dialect ?? 'openai-chat'
    try {
      checkKey(question, dialect)
      if (!operation) throw noSuchPath(question)
      if (question.method !== operation.method) throw wrongMethod(question, operation)
      return remember({ key: keyOf(question), body: question.body }, () =>
        operation.answer({
          headers: question.headers,
          path: question.path,
          query: question.query,
          wishes: question.wishes,
          created,
          body: operation.method === 'GET' ? {} : parse(question.body.bytes),
          id: hash('sha256', question.body.bytes, 'hex').slice(0, 24),
        }),
      )
    } catch (error) {
      if (error instanceof ApiError) return errorAnswer(dialect, error)
      return errorAnswer(dialect, { status: 500, message: `mock-llm failed: ${String(error)}` })
    }
  }
}

/** Everything but the body that an answer depends on. */
function keyOf({ path, query, headers, wishes }: Question): string {
  return JSON.stringify([
    path,
    query.get('alt'),
    headers['anthropic-version'] !== undefined,
    wishes.text,
    wishes.words,
    wishes.noUsage,
  ])
}

/** The one key that is refused, so that a wrong key can be tried. */
const badKey = 'bad-key'

function checkKey({ headers, query }: Question, dialect: Dialect): void {
  if (dialect === 'bedrock-converse') return checkSigned(headers)
  const keys = [
    headers['x-api-key'],
    headers['api-key'],
    headers['x-goog-api-key'],
    bearer(headers.authorization),
    query.get('key'),
  ]
  if (!keys.includes(badKey)) return
  // Google answers 400.
  if (dialect === 'gemini') throw new ApiError(400, badGoogleKey)
  throw new ApiError(
    401,
    dialect === 'anthropic-messages' ? 'invalid x-api-key' : 'Incorrect API key provided.',
  )
}

function bearer(authorization: string | undefined): string | undefined {
  return /^bearer +(\S+)$/i.exec(authorization ?? '')?.[1]
}

function noSuchPath({ method, path }: Question): ApiError {
  const message = `Invalid URL (${method} ${path}). mock-llm answers paths that end in ${knownPaths}.`
  return new ApiError(404, message, { code: 'unknown_url' })
}

function wrongMethod({ method, path }: Question, operation: Operation): ApiError {
  const message = `Not allowed to ${method} on ${path} (HINT: use ${operation.method}).`
  return new ApiError(405, message, { code: 'method_not_supported' })
}

function parse(body: Buffer): JsonObject {
  let value: unknown
  try {
    value = JSON.parse(body.toString())
  } catch (error) {
    const why = body.length === 0 ? 'it is empty' : String(error instanceof Error ? error.message : error)
    throw new ApiError(400, `We could not parse the JSON body of your request: ${why}.`)
  }
  if (isObject(value)) return value
  throw new ApiError(400, 'We expected the JSON body of your request to be an object.')
}
