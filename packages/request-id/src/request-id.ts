import { definePlugin, headerOf, type Plugin } from '@sluice/kernel'
import { generatorOf } from './algorithms.ts'
import { ConfigSchema, validate } from './config.ts'

/** What a client may call its request: text that a header carries unchanged, and that no log line or upstream trips over. */
const sane = /^[\x21-\x7e]{1,256}$/

/** Gives each request an id under which client, gateway and upstream know it; a sane one that the client sent is kept. */
export const requestId: Plugin = definePlugin({
  name: 'request-id',
  priority: 12_015,
  schema: ConfigSchema,
  validate,
  setup(config) {
    const name = config.header_name.toLowerCase()
    const generate = generatorOf(config)
    const isShown = config.include_in_response
    return {
      rewrite(ctx) {
        const { headers } = ctx.request
        const sent = headerOf(headers, name)
        const id = sent !== undefined && sane.test(sent) ? sent : generate()
        headers[name] = id
        if (isShown) ctx.onReply((reply) => void (reply.headers[name] = id))
      },
    }
  },
})
