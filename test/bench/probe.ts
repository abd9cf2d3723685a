import { isDeepStrictEqual } from 'node:util'
import type { Played } from './scenarios.ts'
import type { Stage } from './stage.ts'
import type { Target } from './targets.ts'
import { decoration, providerKey, sentModel, sentTemperature } from './wire.ts'

interface Chat {
  readonly messages: readonly object[]
  readonly stream?: boolean
  readonly max_tokens?: number
}

/** One request on each connection before anything is measured; then what the provider got: the work must have been done. */
export async function probe(stage: Stage, scenario: Played, target: Target): Promise<void> {
  await stage.open(scenario, target)
  await stage.run(scenario, target, 0)
  if (target.accessLog === undefined) return
  const seen = await stage.lastSeen()
  const sent = bodyOf(scenario.requests()[0] as Buffer)
  const problem = (text: string): Error => new Error(`${target.name}, ${scenario.name}: the provider got ${text}`)
  const { authorization } = seen?.headers ?? {}
  if (authorization !== `Bearer ${providerKey}`) throw problem(`other credentials: ${String(authorization)}`)
  const isRight = scenario.isDecorated ? isDecorated(sent, seen?.body ?? '') : sent === seen?.body
  if (!isRight) throw problem(`another body: ${seen?.body.slice(0, 500)}`)
}

function isDecorated(sent: string, seen: string): boolean {
  const { max_tokens: limit, ...asked } = JSON.parse(sent) as Chat
  return isDeepStrictEqual(JSON.parse(seen), {
    ...asked,
    // Those who are translated limit their tokens under another name.
    ...(limit !== undefined && { max_completion_tokens: limit }),
    model: sentModel,
    temperature: sentTemperature,
    messages: [{ role: 'system', content: decoration }, ...asked.messages],
    ...(asked.stream && { stream_options: { include_usage: true } }),
  })
}

function bodyOf(request: Buffer): string {
  return request.subarray(request.indexOf('\r\n\r\n') + 4).toString()
}
