import { Type, type TBoolean, type TOptional, type TString } from '@sluice/kernel'

/** What a route says of its gate. */
export interface GateConfig {
  readonly hide_credentials: boolean
  readonly realm: string
  readonly anonymous_consumer?: string
}

/** The fields that every plugin that authenticates has on a route. */
export const gateFields = (realm: string): { hide_credentials: TBoolean; realm: TString; anonymous_consumer: TOptional<TString> } => ({
  hide_credentials: Type.Boolean({
    default: false,
    description: 'Take the credential out of the request before it goes to an ordinary upstream. A provider never gets it.',
  }),
  realm: Type.String({
    default: realm,
    pattern: '^[\\x20-\\x7e]+$',
    expects: 'printable ASCII characters',
    description: 'The realm of the `WWW-Authenticate` header of a 401.',
  }),
  anonymous_consumer: Type.Optional(Type.String({ minLength: 1, description: 'The `username` of the consumer who asks where nobody can be found.' })),
})

/** A header's name in a configuration. */
export const headerField = (fallback: string, description: string): TString =>
  Type.String({ default: fallback, pattern: "^[\\w!#$%&'*+.^`|~-]+$", expects: 'a header name', description })
