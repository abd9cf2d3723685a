import { headerMap, hidePresented, HttpError, type Credential, type Exchange, type HeaderMap } from '@sluice/kernel'
import { attach } from './attach.ts'
import type { GateConfig } from './gate-fields.ts'

/** Why nobody was found. */
export interface Refusal {
  readonly code: string
  /** For the client; says nothing of what would be right. */
  readonly message: string
}

/** Lets in whom a credential tells, else the anonymous consumer; throws a 401 where there is none. */
export type Gate = (ctx: Exchange, found: Credential | Refusal) => void

/** The gate of one route. `scheme` is that of the challenge, such as `Basic`. */
export function createGate(scheme: string, { hide_credentials: hides, realm, anonymous_consumer: anonymous }: GateConfig): Gate {
  const challenge = headerMap([['www-authenticate', `${scheme} realm="${realm.replaceAll(/["\\]/g, '\\$&')}"`]])
  return (ctx, found) => {
    if (hides) hidePresented(ctx)
    if ('consumer' in found) return attach(ctx, found.consumer)
    if (anonymous === undefined) throw refused(found, challenge)
    const consumer = ctx.consumers.named(anonymous)
    if (consumer) return attach(ctx, consumer)
    ctx.log.warn({ anonymous_consumer: anonymous }, 'the anonymous consumer does not exist')
    throw refused({ code: 'invalid_credential', message: 'Invalid user authorization' }, challenge)
  }
}

function refused({ code, message }: Refusal, headers: HeaderMap): HttpError {
  return new HttpError(401, code, message, { headers, body: { message } })
}
