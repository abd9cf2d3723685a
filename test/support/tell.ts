import { definePlugin, json, Type, type Plugin } from '@sluice/kernel'

/** Answers every request with the route that it ran on, what its path held, and `says` of its configuration. */
export const tell: Plugin = definePlugin({
  name: 'tell',
  priority: 0,
  answers: true,
  schema: Type.Object({ says: Type.Optional(Type.Unknown()) }, { additionalProperties: false }),
  setup: ({ says }) => ({
    proxy: ({ route, params }) =>
      json(200, { route: route?.id, ...(Object.keys(params ?? {}).length > 0 && { params }), says }),
  }),
})

/** Adds a header to whatever leaves, and remembers which of its hooks ran. */
export function mark(name: string, priority: number, ran: string[] = []): Plugin {
  return definePlugin({
    name,
    priority,
    schema: Type.Object(
      { value: Type.Optional(Type.String()), refuse: Type.Optional(Type.Integer()) },
      { additionalProperties: false },
    ),
    setup: ({ value = 'yes', refuse }) => ({
      rewrite(ctx) {
        ran.push(`${name} rewrite`)
        ctx.onReply((reply) => {
          reply.headers[`x-${name}`] = value
        })
      },
      access() {
        ran.push(`${name} access`)
        if (refuse !== undefined) return json(refuse, { refused_by: name })
        return undefined
      },
      proxy(_, next) {
        ran.push(`${name} proxy`)
        return next()
      },
      log: () => void ran.push(`${name} log`),
    }),
  })
}
