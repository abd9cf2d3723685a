import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { temporaryFolder } from './program.ts'
import { askRaw, type Ask, type RawAnswer } from './raw-client.ts'
import { aiRoute, startGateway } from './start-gateway.ts'

export interface Logged {
  readonly answer: RawAnswer
  /** The access log as it is written. */
  readonly text: string
  /** What was said on stderr. */
  readonly stderr: string
}

/**
 * Sends one request through a gateway of its own to the provider at `url`, and gives what was logged of it. A `format`
 * of undefined is the log's own; `config` are fields of `ai-proxy`, `uri` is the route's.
 */
export async function logOf(
  url: string,
  format: unknown,
  ask: Ask & { path?: string },
  config: object = {},
  uri = '/*',
): Promise<Logged> {
  const { path = '/v1/chat/completions' } = ask
  const file = join(await temporaryFolder(), 'own.log')
  const access_log = { path: file, ...(format !== undefined && { format }) }
  const routes = [{ ...aiRoute(url, config as Record<string, unknown>), uri }]
  const { url: gatewayUrl, gateway, logged } = await startGateway({ gateway: { access_log }, routes })
  const answer = await askRaw(`${gatewayUrl}${path}`, ask)
  await gateway.close()
  return { answer, text: await readFile(file, 'utf8'), stderr: logged() }
}
