import { readFile } from 'node:fs/promises'
import { join, resolve, sep } from 'node:path'
import { binaryType } from './bedrock-events.ts'
import { bytesAnswer, type Answer } from './answer.ts'
import { ApiError } from './api-error.ts'
import { isObject, objectsIn, type JsonObject } from './json-object.ts'
import { splitEvents, splitMessages } from './split-events.ts'

/** Recorded answers by id. */
export interface Fixtures {
  /** Throws an `ApiError` where there is no such fixture. */
  answer(id: string): Promise<Answer>
}

/** What a connection needs is decided here, not by the recording. */
const ours = /^(content-type|content-length|transfer-encoding|content-encoding|connection|keep-alive)$/i

/** Opens a folder with a `manifest.json` of `{ fixtures: [{ id, file, http: { status, headers } }] }`. */
export async function openFixtures(folder: string): Promise<Fixtures> {
  const manifest: unknown = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8'))
  const list = objectsIn(isObject(manifest) ? manifest['fixtures'] : [])
  const listed = new Map(list.map((one) => [String(one['id']), one]))
  const answers = new Map<string, Answer>()
  return {
    async answer(id) {
      const known = answers.get(id)
      if (known) return known
      const fixture = listed.get(id)
      if (!fixture)
        throw new ApiError(400, `mock-llm: none of the ${listed.size} fixtures is called '${id}'.`)
      const answer = toAnswer(fixture, await readFile(pathIn(folder, String(fixture['file']))))
      answers.set(id, answer)
      return answer
    },
  }
}

/** The mock without a folder. */
export const noFixtures: Fixtures = {
  answer: async () => {
    throw new ApiError(
      400,
      'mock-llm: there are no fixtures; start it with --fixtures or the option `fixtures`.',
    )
  },
}

function pathIn(folder: string, file: string): string {
  const path = resolve(folder, file)
  if (path.startsWith(resolve(folder) + sep)) return path
  throw new ApiError(400, `mock-llm: the fixture's file '${file}' lies outside the folder.`)
}

function toAnswer(fixture: JsonObject, bytes: Buffer): Answer {
  const http = isObject(fixture['http']) ? fixture['http'] : {}
  const headers = Object.entries(isObject(http['headers']) ? http['headers'] : {})
  const type = String(
    headers.find(([name]) => name.toLowerCase() === 'content-type')?.[1] ?? 'application/json',
  )
  const streams = type.startsWith('text/event-stream')
  return {
    ...bytesAnswer(bytes, { type, status: Number(http['status'] ?? 200) }),
    streams: streams || type === binaryType,
    headers: headers.filter(([name]) => !ours.test(name)).flatMap(([name, value]) => [name, String(value)]),
    ...(streams && { parts: splitEvents(bytes).map((event) => ({ bytes: event, tokens: 1 })) }),
    ...(type === binaryType && { parts: splitMessages(bytes).map((message) => ({ bytes: message, tokens: 1 })) }),
  }
}
