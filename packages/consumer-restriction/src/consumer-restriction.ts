import { definePlugin, HttpError, oneOf, Type, type Exchange, type Issue, type Plugin, type Static } from '@sluice/kernel'

const names = (description: string) => Type.Optional(Type.Array(Type.String({ minLength: 1 }), { minItems: 1, description }))
const methods = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS', 'CONNECT', 'TRACE', 'PURGE'] as const

const ConfigSchema = Type.Object(
  {
    type: oneOf(['consumer_name', 'consumer_group_id', 'service_id', 'route_id'], {
      default: 'consumer_name',
      description: 'What the lists hold. Ids of services and routes are for consumers: where they may go.',
    }),
    whitelist: names('Those who may; nobody else.'),
    blacklist: names('Those who may not.'),
    allowed_by_methods: Type.Optional(
      Type.Array(
        Type.Object(
          {
            user: Type.String({ minLength: 1, description: 'Who, as the lists have it.' }),
            methods: Type.Array(oneOf(methods), { minItems: 1, description: 'What they may.' }),
          },
          { additionalProperties: false },
        ),
        { minItems: 1, description: 'Methods of those who are named here and not in `whitelist`; others may use any.' },
      ),
    ),
    rejected_code: Type.Integer({ default: 403, minimum: 200, maximum: 599, description: 'Status of a refusal.' }),
    rejected_msg: Type.Optional(Type.String({ minLength: 1, description: 'What a refusal says.' })),
  },
  { additionalProperties: false },
)

type Config = Static<typeof ConfigSchema>

/** Says who may use what it stands on, once it is known who asks. */
export const consumerRestriction: Plugin = definePlugin({
  name: 'consumer-restriction',
  priority: 2400,
  sharesInstances: true,
  admits: true,
  schema: ConfigSchema,
  validate,
  setup: (config) => {
    const mayPass = judge(config)
    const { type, rejected_code: status, rejected_msg: message = `The ${type} is forbidden.` } = config
    return {
      access(ctx) {
        const value = subjects[type](ctx)
        if (value === undefined) throw refused(401, `The request is rejected, please check the ${type} for this request`)
        if (!mayPass(value, ctx.request.method)) throw refused(status, message)
      },
    }
  },
})

function validate({ whitelist, blacklist, allowed_by_methods: byMethods }: Config, path: Issue['path']): readonly Issue[] {
  return whitelist || blacklist || byMethods ? [] : [{ path, message: 'needs one of whitelist, blacklist and allowed_by_methods' }]
}

const subjects: Readonly<Record<Config['type'], (ctx: Exchange) => string | undefined>> = {
  consumer_name: ({ consumer }) => consumer?.name,
  consumer_group_id: ({ consumer }) => consumer?.groupId,
  service_id: ({ route }) => route?.serviceId,
  route_id: ({ route }) => route?.id,
}

function judge({ whitelist, blacklist = [], allowed_by_methods: byMethods = [] }: Config): (value: string, method: string) => boolean {
  const listed = whitelist && new Set(whitelist)
  const barred = new Set(blacklist)
  // Of two entries for one user the first counts.
  const allowed = new Map(byMethods.toReversed().map((one): [string, ReadonlySet<string>] => [one.user, new Set(one.methods)]))
  return (value, method) => {
    if (barred.has(value)) return false
    if (listed) return listed.has(value)
    return allowed.get(value)?.has(method) ?? true
  }
}

function refused(status: number, message: string): HttpError {
  return new HttpError(status, 'consumer_forbidden', message, { body: { message } })
}
