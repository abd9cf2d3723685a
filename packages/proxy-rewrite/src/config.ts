import { compileMatcher, compileTemplate, ExprError } from '@sluice/expr'
import { oneOf, Type, type Issue, type Static } from '@sluice/kernel'
import { headerIssues, type WrittenHeaders } from '@sluice/rewrite'

const methods = [
  'GET', 'POST', 'PUT', 'HEAD', 'DELETE', 'OPTIONS', 'MKCOL', 'COPY', 'MOVE', 'PROPFIND', 'PROPPATCH', 'LOCK', 'UNLOCK', 'PATCH', 'TRACE',
] as const

/** Configuration of `proxy-rewrite`. */
export const ConfigSchema = Type.Object(
  {
    uri: Type.Optional(
      Type.String({
        maxLength: 4096,
        pattern: '^/[ -~]*$',
        expects: 'a path that begins with /, in ASCII',
        description: 'The path that the upstream gets, and a query if need be; may have variables such as `$arg_name`. The client’s query follows it.',
      }),
    ),
    method: Type.Optional(oneOf(methods, { description: 'The method that the upstream gets.' })),
    regex_uri: Type.Optional(
      Type.Array(Type.String({ maxLength: 4096 }), {
        minItems: 2,
        description: 'Pairs of a regular expression and what its match in the path is replaced with, which may have `$1` and variables. The first that matches counts; `uri` goes before.',
      }),
    ),
    host: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 255,
        pattern: '^[0-9a-zA-Z._\\[\\]:\\-]+$',
        expects: 'a host name, with a port if need be',
        description: 'The Host that the upstream gets where its `pass_host` is `pass`.',
      }),
    ),
    headers: Type.Optional(
      Type.Unsafe<WrittenHeaders>({
        type: 'object',
        properties: {
          add: { type: ['object', 'string', 'number'], additionalProperties: { type: ['string', 'number'] }, description: 'Values that are added to what headers say already.' },
          remove: { type: ['array', 'string', 'number'], items: { type: 'string' }, description: 'Names of headers that do not go on.' },
          set: { type: ['object', 'string', 'number'], additionalProperties: { type: ['string', 'number'] }, description: 'Values in place of what headers say.' },
        },
        additionalProperties: { type: ['string', 'number'] },
        description: 'Done in the order add, remove, set; values may have variables, and `$1` of `regex_uri`. A map of names and values without these three sets, and removes where a value is empty.',
      }),
    ),
    use_real_request_uri_unsafe: Type.Boolean({
      default: false,
      description: '`regex_uri` sees the path as it came, and its dot segments and encoding are not looked at.',
    }),
  },
  { additionalProperties: false, unsupported: ['scheme'] },
)

export type Config = Static<typeof ConfigSchema>

/** What is for HTTP, or for the gateway, to say. */
const taken: ReadonlyMap<string, string> = new Map([
  ...['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade'].map(
    (name) => [name, 'it speaks of one connection'] as const,
  ),
  ['content-length', 'the gateway counts the bytes'],
  ['expect', 'the gateway has answered it'],
  ['host', 'use the field host'],
  ...['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-port', 'x-forwarded-proto', 'x-real-ip'].map(
    (name) => [name, 'the gateway says who asked'] as const,
  ),
])

/** What the schema cannot say. */
export function validate(config: Config, path: Issue['path']): readonly Issue[] {
  const { uri, method, regex_uri: pairs, host, headers } = config
  if (uri === undefined && method === undefined && pairs === undefined && host === undefined && headers === undefined) {
    return [{ path, message: 'needs at least one of uri, regex_uri, method, host and headers' }]
  }
  return [...(pairs ? pairIssues(pairs, [...path, 'regex_uri']) : []), ...(headers ? headerIssues(headers, [...path, 'headers'], taken) : [])]
}

function pairIssues(pairs: readonly string[], path: Issue['path']): Issue[] {
  if (pairs.length % 2 === 1) return [{ path, message: 'must be pairs: a regular expression and its replacement' }]
  const issues: Issue[] = []
  for (let index = 0; index < pairs.length; index += 2) {
    try {
      const { groupCount } = compileMatcher(pairs[index] ?? '')
      const groups = compileTemplate(pairs[index + 1] ?? '', () => undefined).names.filter((name) => /^\d+$/.test(name))
      const missing = groups.find((name) => Number(name) > groupCount)
      if (missing !== undefined) issues.push({ path: [...path, index + 1], message: `uses $${missing}, but the expression has ${groupCount} groups` })
    } catch (error) {
      if (!(error instanceof ExprError)) throw error
      issues.push({ path: [...path, index], message: error.message })
    }
  }
  return issues
}
