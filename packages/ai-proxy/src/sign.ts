import { AwsSigner } from '@sluice/cloud-auth'
import type { Config } from './config.ts'

/** Signs requests with the keys of `auth.aws`; undefined where there are none. */
export function signerOf({ auth: { aws }, provider_conf: { region } }: Config): AwsSigner | undefined {
  if (!aws || region === undefined) return undefined
  const { access_key_id: accessKeyId, secret_access_key: secretAccessKey, session_token: sessionToken } = aws
  const credentials = { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) }
  return new AwsSigner({ credentials, region, service: 'bedrock' })
}

/** A request as far as a signature covers it. */
export interface Signable {
  readonly method: string
  readonly host: string
  readonly path: string
  /** Name and value by turns. */
  readonly headers: readonly string[]
  /** The body, as it goes over the wire. */
  readonly body: readonly Uint8Array[]
}

/** The headers, name and value by turns, that a signature adds to a request of which nothing changes any more. */
export function signatureOf(signer: AwsSigner, { headers, ...request }: Signable): string[] {
  const covered: [string, string][] = []
  for (let at = 0; at < headers.length; at += 2) {
    const name = headers[at] ?? ''
    if (name === 'content-type' || name.startsWith('x-amz-')) covered.push([name, headers[at + 1] ?? ''])
  }
  return Object.entries(signer.sign({ ...request, headers: Object.fromEntries(covered) })).flat()
}
