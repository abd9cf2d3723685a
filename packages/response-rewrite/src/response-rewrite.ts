import { Buffer, isUtf8 } from 'node:buffer'
import { compileRule, ExprError, type Variables } from '@sluice/expr'
import { cancelBody, definePlugin, headerMap, headerOf, HttpError, isStream, type Exchange, type HeaderMap, type Host, type Next, type Plugin, type Reply } from '@sluice/kernel'
import { compileHeaderEdits, headerEditsOf } from '@sluice/rewrite'
import { compileFilters } from './compile-filters.ts'
import { ConfigSchema, validate, type Config } from './config.ts'
import { canDecode, decode } from './decode.ts'
import { gather } from './gather.ts'

/** Changes what leaves for the client. */
export const responseRewrite: Plugin = definePlugin({
  name: 'response-rewrite',
  priority: 899,
  sharesInstances: true,
  schema: ConfigSchema,
  validate,
  setup(config, { variables }) {
    const { vars, filters } = config
    const rule = vars && compileRule(vars, withTextualStatus(variables))
    const applies = (ctx: Exchange): boolean => !rule || rule.test(ctx)
    const headers = config.headers && compileHeaderEdits(headerEditsOf(config.headers), variables)
    const edit = editOf(config, applies, headers)
    const register = (ctx: Exchange): void => ctx.onReply((reply) => edit(ctx, reply))
    const needsBody = rule?.needsBody || headers?.needsBody
    return {
      rewrite: needsBody ? (ctx) => ctx.request.body.whenRead(() => register(ctx)) : register,
      ...(filters && { proxy: filterOf(compileFilters(filters), applies) }),
    }
  },
})

/** As in nginx, where `["status", "==", "200"]` holds as well as `["status", "==", 200]`. */
function withTextualStatus(variables: Host['variables']): Variables<Exchange> {
  return (name) => (name === 'status' ? { read: ({ reply }) => reply && String(reply.status) } : variables(name))
}

/** Headers that speak of the bytes of the body that they came with. */
const describing = ['content-length', 'content-encoding', 'content-md5', 'content-digest', 'repr-digest', 'accept-ranges', 'etag', 'last-modified']

function forget(headers: HeaderMap): void {
  for (const name of describing) delete headers[name]
}

type HeaderEdit = ReturnType<typeof compileHeaderEdits<Exchange>>

function editOf({ status_code: status, body, body_base64: isBase64 }: Config, applies: (ctx: Exchange) => boolean, edits: HeaderEdit | undefined): (ctx: Exchange, reply: Reply) => void {
  const bytes = body === undefined ? undefined : Buffer.from(body, isBase64 ? 'base64' : 'utf8')
  return (ctx, reply) => {
    if (!applies(ctx)) return
    if (bytes) {
      if (isEvents(reply)) delete reply.headers['content-type']
      cancelBody(reply.body, 'complete')
      forget(reply.headers)
      reply.body = bytes
    }
    edits?.apply(reply.headers, ctx)
    if (status !== undefined) reply.status = status
  }
}

function filterOf(filter: (text: string) => string, applies: (ctx: Exchange) => boolean): (ctx: Exchange, next: Next) => Promise<Reply> {
  return async (ctx, next) => {
    const reply = await next()
    ctx.reply = reply // what `vars` look at
    if (reply.body === null || !applies(ctx)) return reply
    const encoding = headerOf(reply.headers, 'content-encoding') ?? ''
    if (isEvents(reply) || !canDecode(encoding)) {
      const why = isEvents(reply) ? 'it is a stream of events' : 'nobody here knows its encoding'
      ctx.log.warn({ why }, 'the filters of response-rewrite do not apply to this answer')
      return reply
    }
    const bytes = await decode(await gather(ctx, reply), encoding)
    const headers = headerMap(Object.entries(reply.headers))
    forget(headers)
    return { status: reply.status, headers, body: substituted(bytes, filter) }
  }
}

/** Events are for a client to see as they come: nobody holds them back until the last is there. */
function isEvents({ headers, body }: Reply): boolean {
  if (isStream(body) && body.dialect !== undefined) return true
  return /^(?:text\/event-stream|application\/vnd\.amazon\.eventstream)\b/i.test(headerOf(headers, 'content-type') ?? '')
}

/** Text in UTF-8, or bytes that are none: what is not replaced stays as it was. */
function substituted(bytes: Buffer, filter: (text: string) => string): Buffer {
  const encoding = isUtf8(bytes) ? 'utf8' : 'latin1'
  try {
    return Buffer.from(filter(bytes.toString(encoding)), encoding)
  } catch (error) {
    if (!(error instanceof ExprError)) throw error
    throw new HttpError(502, 'response_too_large', 'the answer is too long for a pattern that it is matched with', { cause: error, outcome: 'upstream_error' })
  }
}
