import type { Issue } from '@sluice/kernel'
import type { Provider } from '@sluice/provider'
import type { Config } from './config.ts'
import { endpointProblem } from './endpoint.ts'
import { isWithheld } from './request-headers.ts'
import { BadCredentials, tokenSource } from './token-source.ts'

/** Headers by which a request is cut out of its connection; a fixed one would break every request. */
const framing: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** What the schema cannot say of a configuration. */
export function checkConfig(
  config: Config,
  path: Issue['path'],
  provider: Provider,
  gcpServiceAccount: string | undefined,
): Issue[] {
  const issues: Issue[] = []
  const add = (at: readonly (string | number)[], message: string | undefined): void => {
    if (message !== undefined) issues.push({ path: [...path, ...at], message })
  }
  const { endpoint, forward_headers: forward = [] } = config.override
  if (endpoint !== undefined) add(['override', 'endpoint'], endpointProblem(endpoint))
  for (const problem of provider.problems?.({ conf: config.provider_conf, endpoint }) ?? []) add([], problem)
  for (const [index, name] of forward.entries()) {
    if (isWithheld(name.toLowerCase())) add(['override', 'forward_headers', index], 'is never forwarded to a provider')
  }
  for (const [name, value] of Object.entries(config.auth.header ?? {})) {
    if (framing.has(name.toLowerCase())) add(['auth', 'header', name], 'is about the connection and cannot be set')
    if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) add(['auth', 'header', name], 'holds characters that a header cannot carry')
  }
  for (const [at, problem] of awsProblems(config, provider)) add(at, problem)
  try {
    tokenSource(config, gcpServiceAccount)
  } catch (error) {
    if (!(error instanceof BadCredentials)) throw error
    add(['auth', ...error.at], error.message)
  }
  return issues
}

type Problem = readonly [at: readonly string[], message: string]

function awsProblems({ auth, provider_conf: { region } }: Config, { name, signature }: Provider): Problem[] {
  const { header = {}, gcp, azure, aws } = auth
  const hasKey = Object.keys(header).some((one) => one.toLowerCase() === 'authorization')
  if (!aws) return signature === 'aws' && !hasKey ? [[[], `${name} requires auth.aws, or an API key in auth.header.Authorization`]] : []
  if (gcp || azure) return [[['auth', 'aws'], `stands beside ${gcp ? 'gcp' : 'azure'}: a request carries one credential`]]
  const found: Problem[] = Object.entries(aws).flatMap(([field, value]) =>
    /^[\x21-\x7e]+$/.test(value) ? [] : [[['auth', 'aws', field], 'holds characters that no key of AWS has']],
  )
  // A provider that is at AWS asks for it itself.
  if (region === undefined && signature !== 'aws') found.push([['auth', 'aws'], 'requires provider_conf.region: signatures name it'])
  return found
}
