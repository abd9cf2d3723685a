import { CommandError } from '../command-error.ts'
import { connect } from '../connect.ts'
import { connectionIn } from '../connection.ts'
import type { Context } from '../contexts.ts'
import type { Surroundings } from '../surroundings.ts'

/** Asks a gateway whether it is there, takes the token and knows the group. Throws a `CommandError` where it does not. */
export async function checkContext(context: Context, { surroundings, version }: { readonly surroundings: Surroundings; readonly version: string }): Promise<void> {
  const client = await connect(await connectionIn(context, surroundings), { version })
  const group = context['gateway-group']
  try {
    await client.send({ method: 'GET', path: '/api/gateway_groups', query: { page_size: 1 }, isScoped: false }).catch((error: unknown) => {
      // APISIX has no groups, and a context for it names none.
      if (group !== undefined || !(error instanceof CommandError)) throw error
      return client.send({ method: 'GET', path: '/apisix/admin/routes', query: { page: 1, page_size: 10 } }).catch(() => {
        throw error
      })
    })
    if (group === undefined) return
    const found = await client.find({ method: 'GET', path: `/api/gateway_groups/${encodeURIComponent(group)}`, isScoped: false })
    if (!found) throw new CommandError(`gateway group ${JSON.stringify(group)} does not exist on ${context.server}`, { advice: ['Name one that does with --gateway-group, or make it later: --skip-validation'] })
  } finally {
    await client.close()
  }
}
