import { compileTemplate } from '@sluice/expr'
import { oneOf, Type, type Issue, type Static } from '@sluice/kernel'

/** A number above 0, or a text with variables that makes one. */
const Amount = (description: string) =>
  Type.Unsafe<number | string>({ type: ['integer', 'string'], exclusiveMinimum: 0, minLength: 1, description })

const count = 'Requests that may pass in a window; a number, or a text with variables such as `$http_x_quota`.'
const window = 'Seconds that a window takes; a number, or a text with variables.'

const RuleSchema = Type.Object(
  {
    count: Amount(count),
    time_window: Amount(window),
    key: Type.String({ minLength: 1, description: 'Whose requests are counted together: a text with variables. Where none of them has a value, the rule does not apply.' }),
    header_prefix: Type.Optional(
      Type.String({
        pattern: "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$",
        expects: 'part of a header’s name',
        description: 'Its headers are `X-<prefix>-RateLimit-Limit` and so on; the place of the rule, from 1 on, where absent.',
      }),
    ),
  },
  { additionalProperties: false },
)

const redis = [
  'redis_host', 'redis_port', 'redis_username', 'redis_password', 'redis_ssl', 'redis_ssl_verify', 'redis_database', 'redis_timeout',
  'redis_keepalive_timeout', 'redis_keepalive_pool', 'redis_cluster_nodes', 'redis_cluster_name', 'redis_cluster_ssl',
  'redis_cluster_ssl_verify', 'redis_sentinels', 'redis_master_name', 'redis_role', 'redis_connect_timeout', 'redis_read_timeout',
  'sentinel_username', 'sentinel_password',
]

/** Configuration of `limit-count`. */
export const ConfigSchema = Type.Object(
  {
    count: Type.Optional(Amount(count)),
    time_window: Type.Optional(Amount(window)),
    window_type: oneOf(['fixed', 'sliding'], {
      default: 'fixed',
      description: '`fixed`: a window begins with the first request, and the next begins at 0. `sliding`: the window before counts for the part of it that still lies within reach.',
    }),
    key_type: oneOf(['var', 'var_combination', 'constant'], {
      default: 'var',
      description: 'What `key` is: the name of a variable, a text with variables, or a text as it is.',
    }),
    key: Type.String({
      minLength: 1,
      default: 'remote_addr',
      description: 'Whose requests are counted together. Where it has no value, the client’s address counts.',
    }),
    rules: Type.Optional(Type.Array(RuleSchema, { minItems: 1, description: 'Several limits, in place of count, time_window and key. Each must let a request pass.' })),
    group: Type.Optional(
      Type.String({ minLength: 1, description: 'One count for all that name the group; their settings must be the same.' }),
    ),
    rejected_code: Type.Integer({ minimum: 200, maximum: 599, default: 503, description: 'The status of those who may not pass.' }),
    rejected_msg: Type.Optional(Type.String({ minLength: 1, description: 'What is said to them.' })),
    policy: oneOf(['local'], {
      default: 'local',
      unsupported: ['redis', 'redis-cluster', 'redis-sentinel'],
      description: 'Where the count is kept: in the gateway, one for all of its processes.',
    }),
    allow_degradation: Type.Boolean({ default: false, description: 'Lets requests pass where nobody can count; else they get a 500.' }),
    show_limit_quota_header: Type.Boolean({ default: true, description: 'Tells clients of limit, rest and reset in headers.' }),
    sync_interval: Type.Number({ default: -1, description: 'Of the policies with Redis. -1: each request is counted at once.' }),
  },
  { additionalProperties: false, unsupported: redis },
)

export type Config = Static<typeof ConfigSchema>
export type Rule = Static<typeof RuleSchema>

const headerName = (name: string, description: string) =>
  Type.String({ default: name, pattern: "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$", expects: 'the name of a header', description })

/** Its `plugin_metadata`. */
export const MetadataSchema = Type.Object(
  {
    limit_header: headerName('X-RateLimit-Limit', 'The header that tells the limit.'),
    remaining_header: headerName('X-RateLimit-Remaining', 'The header that tells what is left of it.'),
    reset_header: headerName('X-RateLimit-Reset', 'The header that tells the seconds until the window ends.'),
  },
  { additionalProperties: false },
)

export type Metadata = Static<typeof MetadataSchema>

/** What the schema cannot say. */
export function validate(config: Config, path: Issue['path']): readonly Issue[] {
  const { rules, count: most, time_window: seconds, sync_interval: interval } = config
  const issues: Issue[] = []
  if (interval !== -1) issues.push({ path: [...path, 'sync_interval'], message: 'is not supported yet, except for -1' })
  if (!rules) {
    if (most === undefined) issues.push({ path: [...path, 'count'], message: 'is required where there are no rules' })
    if (seconds === undefined) issues.push({ path: [...path, 'time_window'], message: 'is required where there are no rules' })
    return [...issues, ...amounts(config, path)]
  }
  if (most !== undefined || seconds !== undefined) issues.push({ path, message: 'takes count and time_window, or rules, not both' })
  for (const [index, rule] of rules.entries()) {
    const at = [...path, 'rules', index]
    issues.push(...amounts(rule, at))
    if (rules.findIndex(({ key }) => key === rule.key) < index) issues.push({ path: [...at, 'key'], message: 'is that of another rule; put the smaller limit alone' })
  }
  return issues
}

function amounts(given: { readonly count?: number | string; readonly time_window?: number | string }, path: Issue['path']): Issue[] {
  return (['count', 'time_window'] as const).flatMap((field) => {
    const amount = given[field]
    if (typeof amount !== 'string' || Number(amount) > 0 || compileTemplate(amount, () => undefined).names.length > 0) return []
    return [{ path: [...path, field], message: 'must be a number above 0, or a text with variables such as $http_x_quota' }]
  })
}
