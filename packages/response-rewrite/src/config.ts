import { Buffer } from 'node:buffer'
import { compileMatcher, compileRule, ExprError } from '@sluice/expr'
import { oneOf, Type, type Issue, type Static } from '@sluice/kernel'
import { headerIssues, type WrittenHeaders } from '@sluice/rewrite'
import { groupsIn } from './replacement.ts'

const FilterSchema = Type.Object(
  {
    regex: Type.String({ minLength: 1, description: 'A regular expression for what is replaced.' }),
    scope: oneOf(['once', 'global'], { default: 'once', description: 'The first match, or all of them.' }),
    replace: Type.String({ description: 'What it is replaced with; `$1` is its first group, `$$` a dollar sign.' }),
    options: Type.String({
      default: 'jo',
      pattern: '^[ijmosu]*$',
      expects: 'letters out of i, j, m, o, s and u',
      description: '`i`: letters of either case, `m`: `^` and `$` at the ends of lines, `s`: `.` matches them, too; `j`, `o` and `u` change nothing.',
    }),
  },
  { additionalProperties: false },
)

/** Configuration of `response-rewrite`. */
export const ConfigSchema = Type.Object(
  {
    status_code: Type.Optional(Type.Integer({ minimum: 200, maximum: 598, description: 'The status that the client gets.' })),
    body: Type.Optional(Type.String({ description: 'The body that the client gets. A stream in its place is cancelled.' })),
    body_base64: Type.Boolean({ default: false, description: 'Whether `body` is written in base64.' }),
    headers: Type.Optional(
      Type.Unsafe<WrittenHeaders>({
        type: 'object',
        properties: {
          add: {
            type: ['array', 'string', 'number'],
            items: { type: 'string', pattern: '^[^:]+:', expects: 'a name and a value, such as x-a: b' },
            description: 'Lines such as `x-a: b` that are added to what headers say already.',
          },
          remove: { type: ['array', 'string', 'number'], items: { type: 'string' }, description: 'Names of headers that the client does not get.' },
          set: { type: ['object', 'string', 'number'], additionalProperties: { type: ['string', 'number'] }, description: 'Values in place of what headers say.' },
        },
        additionalProperties: { type: ['string', 'number'] },
        description: 'Done in the order add, remove, set; values may have variables. A map of names and values without these three sets, and removes where a value is empty.',
      }),
    ),
    vars: Type.Optional(Type.Array(Type.Unknown(), { description: 'A `vars` expression; where it is false the answer stays as it is. `status` is that of the answer.' })),
    filters: Type.Optional(
      Type.Array(FilterSchema, { minItems: 1, description: 'What is replaced in the body, one after the other; not in event streams.' }),
    ),
  },
  { additionalProperties: false },
)

export type Config = Static<typeof ConfigSchema>
export type Filter = Static<typeof FilterSchema>

/** What is for HTTP, or for the gateway, to say. */
const taken: ReadonlyMap<string, string> = new Map([
  ...['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade'].map(
    (name) => [name, 'it speaks of one connection'] as const,
  ),
  ['content-length', 'the gateway counts the bytes'],
  ['x-sluice-request-id', 'it names the exchange'],
])

/** What the schema cannot say. */
export function validate(config: Config, path: Issue['path']): readonly Issue[] {
  const { status_code: status, body, body_base64: isBase64, headers, vars, filters } = config
  if (status === undefined && body === undefined && headers === undefined && filters === undefined) {
    return [{ path, message: 'needs at least one of status_code, body, headers and filters' }]
  }
  const issues: Issue[] = []
  if (body !== undefined && filters) issues.push({ path, message: 'takes body or filters, not both' })
  if (isBase64 && (body === undefined || !isInBase64(body))) issues.push({ path: [...path, 'body'], message: 'must be base64, as body_base64 says' })
  if (headers) issues.push(...headerIssues(headers, [...path, 'headers'], taken))
  if (vars) issues.push(...caught(() => compileRule(vars, () => undefined), [...path, 'vars']))
  for (const [index, { regex, replace }] of (filters ?? []).entries()) {
    const at = [...path, 'filters', index]
    issues.push(
      ...caught(() => {
        const { groupCount } = compileMatcher(regex)
        const missing = groupsIn(replace).find((group) => group > groupCount)
        if (missing !== undefined) issues.push({ path: [...at, 'replace'], message: `uses $${missing}, but the expression has ${groupCount} groups` })
      }, [...at, 'regex']),
    )
  }
  return issues
}

function isInBase64(text: string): boolean {
  return /^[A-Za-z0-9+/]*={0,2}$/.test(text) && Buffer.from(text, 'base64').toString('base64') === text.padEnd(Math.ceil(text.length / 4) * 4, '=')
}

function caught(compile: () => unknown, path: Issue['path']): Issue[] {
  try {
    compile()
    return []
  } catch (error) {
    if (!(error instanceof ExprError)) throw error
    return [{ path: [...path, ...error.at], message: error.message }]
  }
}
