import { compileAddresses } from '@sluice/expr'
import { definePlugin, HttpError, type Plugin } from '@sluice/kernel'
import { ConfigSchema, validate } from './config.ts'

/** Lets clients in, or keeps them out, by their address as far as `trusted_proxies` lets the gateway see it. */
export const ipRestriction: Plugin = definePlugin({
  name: 'ip-restriction',
  priority: 3000,
  sharesInstances: true,
  admits: true,
  schema: ConfigSchema,
  validate,
  setup({ whitelist, blacklist, message, response_code: status }) {
    const listed = compileAddresses(whitelist ?? blacklist)
    const mayPass = whitelist !== undefined
    return {
      access({ request: { remoteAddress } }) {
        if (listed.includes(remoteAddress) !== mayPass) throw new HttpError(status, 'ip_not_allowed', message, { body: { message } })
      },
    }
  },
})
