import { compileAddresses, ExprError } from '@sluice/expr'
import { Type, type Issue, type Static } from '@sluice/kernel'

const addresses = (description: string) => Type.Optional(Type.Array(Type.String(), { minItems: 1, description }))

/** Configuration of `ip-restriction`. */
export const ConfigSchema = Type.Object(
  {
    whitelist: addresses('Addresses and ranges, such as 10.0.0.0/8, that may pass; nobody else may.'),
    blacklist: addresses('Addresses and ranges that may not pass; everybody else may.'),
    message: Type.String({
      minLength: 1,
      maxLength: 1024,
      default: 'Your IP address is not allowed',
      description: 'What is said to those who may not.',
    }),
    response_code: Type.Integer({ minimum: 403, maximum: 404, default: 403, description: 'The status that they get, 403 or 404.' }),
  },
  { additionalProperties: false },
)

export type Config = Static<typeof ConfigSchema>

/** What the schema cannot say. */
export function validate({ whitelist, blacklist }: Config, path: Issue['path']): readonly Issue[] {
  if (!whitelist && !blacklist) return [{ path, message: 'needs whitelist or blacklist' }]
  if (whitelist && blacklist) return [{ path, message: 'takes whitelist or blacklist, not both' }]
  const [field, list] = whitelist ? ['whitelist', whitelist] : ['blacklist', blacklist]
  return (list ?? []).flatMap((text, index) =>
    isAddress(text) ? [] : [{ path: [...path, field, index], message: 'must be an IPv4 or IPv6 address, or a range such as 10.0.0.0/8' }],
  )
}

function isAddress(text: string): boolean {
  try {
    compileAddresses(text)
    return true
  } catch (error) {
    if (error instanceof ExprError) return false
    throw error
  }
}
