import { ExprError, compileRule, type Predicate, type Variables } from '@sluice/expr'
import { Type, type Static } from '@sinclair/typebox'
import type { Issue } from './errors.ts'
import type { Exchange } from './exchange.ts'
import { check } from './schema.ts'

/** `_meta`, allowed in every plugin configuration. */
export const MetaSchema = Type.Object(
  {
    disable: Type.Optional(Type.Boolean({ description: 'Skips the plugin; its configuration need not be valid then.' })),
    priority: Type.Optional(Type.Integer({ description: 'In place of the plugin’s own priority, in this list.' })),
    filter: Type.Optional(
      Type.Array(Type.Unknown(), { description: 'A `vars` expression; where it is false the plugin is silent in every phase.' }),
    ),
    error_response: Type.Optional(
      Type.Union([Type.String(), Type.Record(Type.String(), Type.Unknown())], {
        description: 'The body of every answer with a status of 400 or more that the plugin gives; the status stays.',
      }),
    ),
  },
  { additionalProperties: false, unsupported: ['pre_function'] },
)

/** `_meta` of a plugin's configuration, ready to run. */
export interface Meta {
  readonly disable: boolean
  readonly priority: number | undefined
  readonly filter: Predicate<Exchange> | undefined
  readonly errorResponse: string | Readonly<Record<string, unknown>> | undefined
}

/** Reads `_meta`, every problem into `issues`. */
export function readMeta(raw: unknown, path: Issue['path'], variables: Variables<Exchange>, issues: Issue[]): Meta {
  const checked = check(MetaSchema, raw ?? {}, path)
  issues.push(...checked.issues)
  const value = (checked.issues.length > 0 ? {} : checked.value) as Static<typeof MetaSchema>
  return {
    disable: value.disable ?? false,
    priority: value.priority,
    filter: value.filter && filterOf(value.filter, [...path, 'filter'], variables, issues),
    errorResponse: value.error_response,
  }
}

function filterOf(
  rule: unknown,
  path: Issue['path'],
  variables: Variables<Exchange>,
  issues: Issue[],
): Predicate<Exchange> | undefined {
  try {
    return compileRule(rule, variables)
  } catch (error) {
    if (!(error instanceof ExprError)) throw error
    issues.push({ path: [...path, ...error.at], message: `failed to validate the 'filter' expression: ${error.message}` })
    return undefined
  }
}
