import type { IncomingMessage } from 'node:http'
import { ApiError } from './api-error.ts'
import { isObject } from './json-object.ts'
import { scriptProblem, type Script } from './script.ts'

/** The script that a request brings along: in the header `x-mock-fault`, or in the query as `mock`. */
export function scriptOf({ headers, url = '' }: IncomingMessage): Script | undefined {
  const header = headers['x-mock-fault']
  if (typeof header === 'string') return parseScript(header)
  const query = url.includes('mock=')
    ? new URLSearchParams(url.slice(url.indexOf('?') + 1)).get('mock')
    : null
  return query === null ? undefined : parseScript(query)
}

/**
 * Reads a script: JSON, or `name=value` pairs with commas, where a bare name means true, a bare
 * number is a status and `header.NAME=value` sets a header. Throws an `ApiError` that says what is wrong.
 */
function parseScript(text: string): Script {
  const script = text.trimStart().startsWith('{') ? parseJson(text) : parsePairs(text)
  const problem = scriptProblem(script)
  if (problem !== undefined) throw new ApiError(400, `mock-llm: the script is wrong: ${problem}.`)
  return script
}

function parseJson(text: string): object {
  try {
    const value: unknown = JSON.parse(text)
    if (isObject(value)) return value
  } catch {
    // Told below, with what would be right.
  }
  throw new ApiError(400, 'mock-llm: the script is not a JSON object; try {"status":429} or status=429.')
}

function parsePairs(text: string): object {
  const pairs = text
    .split(',')
    .map(toPair)
    .filter(([name]) => name !== '')
  const headers = pairs.filter(isHeader)
  const rest = pairs.filter((pair) => !isHeader(pair))
  const named = headers.map(([name, value]) => [name.slice('header.'.length), String(value)])
  return {
    ...Object.fromEntries(rest),
    ...(named.length > 0 && { headers: Object.fromEntries(named) as object }),
  }
}

function isHeader([name]: readonly [string, unknown]): boolean {
  return name.startsWith('header.')
}

function toPair(text: string): [name: string, value: unknown] {
  const at = text.indexOf('=')
  const name = (at < 0 ? text : text.slice(0, at)).trim()
  if (at < 0) return /^\d+$/.test(name) ? ['status', Number(name)] : [name, true]
  const value = text.slice(at + 1).trim()
  if (/^-?\d+(\.\d+)?$/.test(value)) return [name, Number(value)]
  return [name, value === 'true' || value === 'false' ? value === 'true' : value]
}
