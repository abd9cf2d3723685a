import { CountersUnavailableError, definePlugin, headerMap, HttpError, json, slot, type Awaitable, type Exchange, type Host, type Plugin, type Reply } from '@sluice/kernel'
import { andThen } from './and-then.ts'
import { compileRule, type CompiledRule, type Limit } from './compile-rule.ts'
import { ConfigSchema, MetadataSchema, validate, type Config, type Metadata } from './config.ts'
import { fixedWindow, slidingWindow, type Standing } from './count-in-window.ts'
import { namedBy, prefixedBy, writeQuota, type Quota, type QuotaHeaders } from './quota-headers.ts'

/** Of the rule that judged last. */
const quotaSlot = slot<Quota>('limit-count.quota')

/** Lets so many requests pass in a window of time, one count for all processes of the gateway. */
export const limitCount: Plugin = definePlugin({
  name: 'limit-count',
  priority: 1002,
  schema: ConfigSchema,
  metadataSchema: MetadataSchema,
  variables: { rate_limiting_info: infoOf },
  sharedAs: ({ group }) => group,
  validate,
  setup(config, host) {
    const rules = rulesOf(config, host)
    const needsBody = rules.some((rule) => rule.needsBody)
    const judge = judgeOf(config, host, rules)
    return {
      access: needsBody ? (ctx) => ctx.request.body.whenRead(() => judge(ctx)) : judge,
    }
  },
})

interface NamedRule extends CompiledRule {
  readonly headers: QuotaHeaders
}

function rulesOf(config: Config, { variables, metadata }: Host): NamedRule[] {
  const { rules, key, key_type: keyType, count = 0, time_window: windowSeconds = 0 } = config
  if (rules) {
    return rules.map((rule, index) => ({
      ...compileRule({ count: rule.count, windowSeconds: rule.time_window, key: rule.key, keyType: 'var_combination' }, `${index} `, variables),
      headers: prefixedBy(rule.header_prefix ?? String(index + 1)),
    }))
  }
  return [{ ...compileRule({ count, windowSeconds, key, keyType, otherwise: addressOf }, '', variables), headers: namedBy(metadata as Metadata) }]
}

function addressOf({ request }: Exchange): string {
  return request.remoteAddress
}

/** Asks one rule after the other; the first that is used up refuses. */
function judgeOf(config: Config, host: Host, rules: readonly NamedRule[]): (ctx: Exchange) => Awaitable<Reply | void> {
  const { group, window_type: windowType, allow_degradation: mayDegrade, show_limit_quota_header: isShown } = config
  const counters = group === undefined ? host.counters : host.sharedCounters(group)
  const count = windowType === 'sliding' ? slidingWindow : fixedWindow

  const judgeFrom = (ctx: Exchange, from: number, hasApplied: boolean): Awaitable<Reply | void> => {
    for (let index = from; index < rules.length; index++) {
      const rule = rules[index] as NamedRule
      const limit = rule.limitFor(ctx)
      if (!limit) continue
      return andThen(count(counters, limit, ctx.clock.now()), (standing) => {
        tell(ctx, rule, limit, standing, isShown)
        return standing.mayPass ? judgeFrom(ctx, index + 1, true) : refusal(config, standing)
      })
    }
    // Where no limit can be found, nobody knows that the client is within it.
    if (!hasApplied && !mayDegrade) throw new HttpError(500, 'no_rate_limit', 'no limit could be found for this request')
  }
  if (!mayDegrade) return (ctx) => guarded(() => judgeFrom(ctx, 0, false), unavailable)
  return (ctx) => guarded(() => judgeFrom(ctx, 0, false), () => ctx.log.warn({}, 'a request passes uncounted: the counters are not available'))
}

/** `instead` of a count that nobody can take. */
function guarded<T>(judge: () => Awaitable<T>, instead: () => T | void): Awaitable<T | void> {
  const caught = (error: unknown): T | void => {
    if (error instanceof CountersUnavailableError) return instead()
    throw error
  }
  try {
    const verdict = judge()
    return verdict instanceof Promise ? verdict.catch(caught) : verdict
  } catch (error) {
    return caught(error)
  }
}

function unavailable(): never {
  throw new HttpError(500, 'rate_limit_unavailable', 'failed to limit count')
}

function tell(ctx: Exchange, { headers: names }: NamedRule, { count }: Limit, { remaining, resetMs }: Standing, isShown: boolean): void {
  const quota = { limit: count, remaining, reset: seconds(resetMs) }
  ctx.set(quotaSlot, quota)
  if (isShown) ctx.onReply(({ headers }) => writeQuota(headers, names, quota))
}

function refusal({ rejected_code: status, rejected_msg: message }: Config, { resetMs }: Standing): Reply {
  const headers = headerMap([['retry-after', String(seconds(resetMs))]])
  if (status < 400) return message === undefined ? { status, headers, body: null } : json(status, { error_msg: message }, headers)
  throw new HttpError(status, 'rate_limited', message ?? 'too many requests', { headers, outcome: 'refused', ...(message !== undefined && { body: { error_msg: message } }) })
}

/** Rounded up, so that who comes again then comes late enough. What a sum of fractions has too much is no second. */
function seconds(ms: number): number {
  return Math.ceil(Math.round(ms) / 1000)
}

function infoOf(ctx: Exchange): unknown {
  const quota = ctx.get(quotaSlot)
  return quota && { rate_limiting_limit: quota.limit, rate_limiting_remaining: quota.remaining, rate_limiting_reset: quota.reset }
}
