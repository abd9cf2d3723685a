export { CloudAuthError, type CloudAuthErrorKind } from './cloud-auth-error.ts'
export { GcpTokens, type GcpTokensOptions } from './gcp-tokens.ts'
export { parseServiceAccount, type ServiceAccountKey } from './service-account.ts'
