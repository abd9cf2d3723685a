import type { Env } from '@sluice/config'
import type { BuiltInOptions } from './built-in.ts'

/** What `$env://` refers to. */
export function envOf(env: NodeJS.ProcessEnv): Env {
  return (name) => env[name]
}

/** What the environment says of the way out, in either spelling. */
export function builtInOf(env: NodeJS.ProcessEnv): BuiltInOptions {
  const either = (name: string): string | undefined => env[name] || env[name.toLowerCase()] || undefined
  const https = either('HTTPS_PROXY')
  const http = either('HTTP_PROXY')
  const except = either('NO_PROXY')
  const gcpServiceAccount = env['GCP_SERVICE_ACCOUNT']
  return {
    proxy: { ...(https && { https }), ...(http && { http }), ...(except && { except }) },
    ...(gcpServiceAccount && { gcpServiceAccount }),
  }
}
