import { accountSlot, type Account, type AiRequest, type PassedRequest } from '@sluice/ai-core'
import type { AwsSigner } from '@sluice/cloud-auth'
import { dialectOf, type Translation } from '@sluice/dialects'
import type { Document } from '@sluice/json-edit'
import { headerOf, hidePresented, HttpError, type Exchange, type Reply, type UpstreamRecord } from '@sluice/kernel'
import type { Call } from '@sluice/provider'
import { callUpstream, outgoingBody, wholeBody, type OutgoingBody } from '@sluice/upstream'
import type { Attempt } from './attempt.ts'
import type { Count } from './count-tokens.ts'
import type { Destination } from './endpoint.ts'
import type { Instance, Way } from './instance.ts'
import { payloadsSlot } from './log-fields.ts'
import { Payloads } from './payloads.ts'
import { receive } from './receive.ts'
import { signatureOf } from './sign.ts'
import type { Shape } from './shape-body.ts'
import { toldOf } from './told-of-request.ts'
import { translateRequest } from './translate-request.ts'

/** What the access phase decided for one exchange. */
export interface Plan {
  readonly instance: Instance
  readonly request: AiRequest
  /** Absent for an operation that is passed through. */
  readonly way: Way | undefined
  readonly shape: Shape
  /** Of an operation that asks for a count of tokens, and cannot be passed through. */
  readonly count?: Count
}

/** What is sent. */
export interface Outgoing {
  readonly method: string
  readonly destination: Destination
  readonly contentType: string | undefined
  readonly body: OutgoingBody
  /** The same in pieces, where it is in memory: what is signed must be. */
  readonly pieces?: readonly Buffer[]
  /** Answers that are asked for; 1 if absent. */
  readonly choices?: number
}

/** One attempt: translates, or edits a fork of the body, so that another attempt starts from what `rewrite` left. */
export function askProvider(ctx: Exchange, plan: Plan, asked: Document = ctx.request.body.document.fork()): Promise<Reply> {
  const { instance, request, way, shape } = plan
  if (request.kind !== 'spoken' || !way) throw new TypeError('not a request in a dialect')
  hidePresented(ctx)
  const { operation } = request.call ?? {}
  const destination = instance.endpoint.forDialect(way.dialect, callOf(instance, shape), way.translates ? undefined : operation)
  if (!destination) throw unresolvedPath()
  const translated = way.translates ? translateRequest(asked, request.dialect, way, instance, shape) : undefined
  const document = translated?.document ?? asked
  const hidesUsage = way.shaper.apply(document, shape, destination.path, way.translates)
  const account = freshAccount(ctx, asked, request.dialect)
  return withToken(instance, ctx, (token) => {
    const pieces = document.views()
    return attempt(ctx, plan, account, hidesUsage, token, translated?.translation, {
      method: 'POST',
      destination,
      contentType: 'application/json',
      body: wholeBody(pieces),
      pieces,
      choices: way.shaper.choicesIn(document),
    })
  })
}

/** An operation beside the dialects: the client's method, query, type and bytes, as they come. */
export function passThrough(ctx: Exchange, plan: Plan, request: PassedRequest): Promise<Reply> {
  const { signer, config } = plan.instance
  const { body } = ctx.request
  if (!signer || body.isRead) return pass(ctx, plan, request)
  return body.read(config.max_req_body_size).then(() => pass(ctx, plan, request))
}

function pass(ctx: Exchange, plan: Plan, request: PassedRequest): Promise<Reply> {
  const { instance, shape } = plan
  hidePresented(ctx) // the query travels along
  const destination = passedDestination(instance, request, ctx.request.query, shape)
  if (!destination) throw unresolvedPath()
  const { method, headers } = ctx.request
  const account = ctx.get(accountSlot) as Account
  const body = outgoingBody(ctx, instance.config.max_req_body_size)
  const { body: received } = ctx.request
  return withToken(instance, ctx, (token) =>
    attempt(ctx, plan, account, false, token, undefined, {
      method,
      destination,
      contentType: body.content === null ? undefined : headerOf(headers, 'content-type'),
      body,
      ...(received.isRead && { pieces: received.views() }),
    }),
  )
}

function passedDestination(instance: Instance, { call, operation }: PassedRequest, query: string, { model }: Shape): Destination | undefined {
  if (!call) return instance.endpoint.forOperation(operation, query)
  return instance.endpoint.forDialect(call.dialect, callOf(instance, { model, stream: false }), call.operation)
}

function callOf({ config }: Instance, { model, stream }: Shape): Call {
  return { conf: config.provider_conf, stream, ...(model !== undefined && { model }) }
}

type Send = (token: string | undefined) => Promise<Reply>

/** With the access token of a cloud, where the route has one. */
export function withToken(instance: Instance, ctx: Exchange, send: Send): Promise<Reply> {
  return instance.hasTokens ? withCloudToken(instance, ctx, send) : send(undefined)
}

/** With a cloud's token: one that the API no longer takes is replaced once, for it may have been revoked early. */
async function withCloudToken(instance: Instance, ctx: Exchange, send: Send): Promise<Reply> {
  const token = await instance.token(ctx.signal)
  if (token === undefined) return send(undefined)
  const refused = (status: number): boolean => status === 401 && !ctx.aborted && ctx.request.body.isRead
  try {
    const reply = await send(token)
    if (!refused(reply.status)) return reply
  } catch (error) {
    if (!(error instanceof HttpError) || !refused(error.status)) throw error
  }
  instance.dropToken(token)
  return send(await instance.token(ctx.signal))
}

/** One upstream call. */
export function attempt(
  ctx: Exchange,
  { instance, request, way }: Plan,
  account: Account,
  hidesUsage: boolean,
  token: string | undefined,
  translation: Translation | undefined,
  outgoing: Outgoing,
): Promise<Reply> {
  const { config, connections, provider } = instance
  const record = recordOf(instance, outgoing.destination, ctx)
  ctx.upstream = record
  const payloads = config.logging.payloads ? new Payloads() : undefined
  if (payloads) ctx.set(payloadsSlot, payloads)
  const headers = instance.headers.build(ctx.request.headers, outgoing.contentType, token, translation !== undefined)
  if (outgoing.body.length !== undefined) headers.push('content-length', String(outgoing.body.length))
  if (instance.signer) headers.push(...signatureFor(instance, instance.signer, headers, outgoing))
  return new Promise<Reply>((resolve, reject) => {
    const one: Attempt = {
      ctx,
      provider: provider.name,
      facts: way && dialectOf(way.dialect),
      clientFacts: request.kind === 'spoken' ? dialectOf(request.dialect) : undefined,
      translation,
      account,
      startedAt: record.startedAt,
      hidesUsage,
      choices: outgoing.choices ?? 1,
      maxResponseBytes: config.max_response_bytes ?? Infinity,
      commitMs: config.commit_ms,
      secrets: token === undefined ? instance.secrets : [...instance.secrets, token],
      payloads,
      resolve,
      reject,
    }
    callUpstream({
      ctx,
      connections,
      record,
      limits: account.stream || request.kind === 'passed' ? instance.streamLimits : instance.limits,
      who: provider.name,
      method: outgoing.method,
      path: outgoing.destination.path,
      headers,
      body: outgoing.body,
      wanted: instance.wanted,
      onHead: (status, incoming, flow) => receive(one, status, incoming, flow),
      onFailure({ error }) {
        account.durationMs = ctx.clock.monotonic() - record.startedAt
        reject(error)
      },
    })
  })
}

function signatureFor({ address: { host } }: Instance, signer: AwsSigner, headers: readonly string[], { method, destination, pieces = [] }: Outgoing): string[] {
  return signatureOf(signer, { method, host, path: destination.path, headers, body: pieces })
}

/** Attempt state starts afresh with each attempt; what the request says of itself stays. */
function freshAccount(ctx: Exchange, document: Document, dialect: string): Account {
  const before = ctx.get(accountSlot) as Account
  const account: Account = {
    ...before,
    ...toldOf(document, dialect),
    usage: undefined,
    usageSource: 'none',
    firstTokenMs: undefined,
    firstByteMs: undefined,
    durationMs: undefined,
    hasToolCalls: false,
  }
  ctx.set(accountSlot, account)
  return account
}

function recordOf({ name, address }: Instance, { shownPath }: Destination, ctx: Exchange): UpstreamRecord {
  return { ...address, uri: shownPath, balancer: name, startedAt: ctx.clock.monotonic(), bytes: 0 }
}

export function unresolvedPath(): HttpError {
  return new HttpError(
    400,
    'unresolved_path',
    'could not resolve upstream path: ensure the route or request body specifies a model, or that override.endpoint includes a path',
  )
}
