import { compilePattern, ExprError } from '@sluice/expr'
import { Type, type Issue, type Static } from '@sluice/kernel'

/** `*`, `**`, `null`, or origins with commas between them. */
const origins = {
  pattern: '^(?:\\*|\\*\\*|null|[A-Za-z][A-Za-z0-9+.-]*://[^,\\s]+(?:,[A-Za-z][A-Za-z0-9+.-]*://[^,\\s]+)*)$',
  expects: '*, **, null, or origins such as https://example.com, with commas between them',
}
/** Goes into a header as it is. */
const printable = { pattern: '^[ -~]*$', expects: 'made of printable ASCII characters' }

const patternList = (description: string) => Type.Optional(Type.Array(Type.String(), { minItems: 1, uniqueItems: true, description }))

/** Configuration of `cors`. */
export const ConfigSchema = Type.Object(
  {
    allow_origins: Type.Optional(
      Type.String({
        ...origins,
        description:
          'Origins whose pages may read answers, with commas between them. `*`, which is the default where neither patterns nor metadata say more: all; `**`: all, also with credentials.',
      }),
    ),
    allow_methods: Type.String({
      ...printable,
      default: '*',
      description: 'Methods that they may use, with commas between them. `*`: all; `**`: all, also with credentials.',
    }),
    allow_headers: Type.String({
      ...printable,
      default: '*',
      description: 'Request headers that they may send. `*`: all; `**`: those that a preflight asks for, also with credentials.',
    }),
    expose_headers: Type.Optional(
      Type.String({ ...printable, description: 'Headers of answers that they may read, with commas between them. `*`: all, without credentials.' }),
    ),
    max_age: Type.Integer({ minimum: -1, default: 5, description: 'Seconds for which a preflight’s answer is good. -1: it is asked again each time.' }),
    allow_credential: Type.Boolean({ default: false, description: 'Whether browsers may send cookies and other credentials of theirs.' }),
    allow_origins_by_regex: patternList(
      'Regular expressions of allowed origins, in place of `allow_origins`. They match anywhere in the origin: write `^` and `$`.',
    ),
    allow_origins_by_metadata: Type.Optional(
      Type.Array(Type.String(), {
        minItems: 1,
        uniqueItems: true,
        description: 'Names of origins in the `plugin_metadata` of `cors` that are allowed beside `allow_origins`.',
      }),
    ),
    timing_allow_origins: Type.Optional(
      Type.String({ ...origins, description: 'Origins whose pages may read how long an answer took, as in `allow_origins`.' }),
    ),
    timing_allow_origins_by_regex: patternList('Regular expressions of those origins, in place of `timing_allow_origins`.'),
  },
  { additionalProperties: false },
)

export type Config = Static<typeof ConfigSchema>

/** Its `plugin_metadata`. */
export const MetadataSchema = Type.Object(
  {
    allow_origins: Type.Record(Type.String(), Type.String(origins), {
      default: {},
      description: 'Origins by name, each as in `allow_origins`, for `allow_origins_by_metadata`.',
    }),
  },
  { additionalProperties: false },
)

export type Metadata = Static<typeof MetadataSchema>

/** The origins that are listed; patterns stand in their place. */
export function listedOrigins({ allow_origins: listed, allow_origins_by_regex: patterns, allow_origins_by_metadata: named }: Config): string | undefined {
  if (patterns) return undefined
  return listed ?? (named ? undefined : '*')
}

/** What the schema cannot say. */
export function validate(config: Config, path: Issue['path']): readonly Issue[] {
  const issues: Issue[] = []
  if (config.allow_credential) {
    const { allow_methods, allow_headers, expose_headers } = config
    for (const [field, value] of Object.entries({ allow_origins: listedOrigins(config), allow_methods, allow_headers, expose_headers })) {
      if (value === '*') issues.push({ path: [...path, field], message: "must not be '*' where allow_credential is true" })
    }
  }
  for (const field of ['allow_origins_by_regex', 'timing_allow_origins_by_regex'] as const) {
    for (const [index, source] of (config[field] ?? []).entries()) {
      const problem = problemOf(source)
      if (problem !== undefined) issues.push({ path: [...path, field, index], message: problem })
    }
  }
  return issues
}

function problemOf(source: string): string | undefined {
  try {
    compilePattern(source)
    return undefined
  } catch (error) {
    if (error instanceof ExprError) return error.message
    throw error
  }
}
