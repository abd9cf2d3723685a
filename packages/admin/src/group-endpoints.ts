import { check, Type, type Static } from '@sluice/kernel'
import type { Group } from '@sluice/store'
import { ok, type Answer } from './answer.ts'
import type { Call, WriteAnswer } from './call.ts'
import type { Endpoint } from './endpoint.ts'
import { refuse } from './refusal.ts'
import { textOf } from './refusal-of-issues.ts'

/** What may be written of a group. */
const GroupSchema = Type.Object(
  {
    id: Type.Optional(Type.String({ pattern: '^[a-zA-Z0-9._\\-]{1,64}$', expects: "of letters, digits, '.', '_' and '-'", description: 'Made where there is none.' })),
    name: Type.String({ minLength: 1, maxLength: 256, description: 'Unique; goes where the id goes.' }),
    description: Type.Optional(Type.String({ maxLength: 4096, description: 'What it is for.' })),
    labels: Type.Optional(Type.Record(Type.String(), Type.String(), { description: 'For tools.' })),
    status: Type.Optional(Type.Integer({ description: 'Shown by API7; taken, and not kept.' })),
    created_at: Type.Optional(Type.Integer({ description: 'Unix time, seconds; not kept.' })),
    updated_at: Type.Optional(Type.Integer({ description: 'Unix time, seconds; not kept.' })),
  },
  { additionalProperties: false, unsupported: ['prefix'], description: 'A name space of resources.' },
)

const text = { type: 'string' }
const number = { type: 'integer', minimum: 1 }
const one = '/api/gateway_groups/:id'

/** What only API7 has: gateway groups, and what its clients ask before anything else. */
export const groupEndpoints: readonly Endpoint[] = [
  { method: 'GET', path: '/api/version', summary: 'Says which version of API7 to take this for: the newest.', handler: () => ok({ value: 'dev' }) },
  { method: 'GET', path: '/api/status', summary: 'Says how the gateway does.', handler: ({ desk }) => ok({ status: 'ok', version: desk.version, ...desk.status?.() }) },
  { method: 'GET', path: '/api/schema/core', summary: 'Tells ADC of the defaults that are filled in: none.', handler: () => ok({ value: {} }) },
  { method: 'GET', path: '/api/gateway_groups', summary: 'Lists the gateway groups.', handler: listGroups, query: { name: text, search: text, page: number, page_size: number } },
  { method: 'POST', path: '/api/gateway_groups', summary: 'Creates a gateway group.', handler: postGroup, writes: true, body: GroupSchema },
  { method: 'GET', path: one, summary: 'Shows a gateway group, by id or name.', handler: (call) => ok({ value: shown(groupAt(call)) }) },
  { method: 'PUT', path: one, summary: 'Creates a gateway group, or changes what is told about it.', handler: putGroup, writes: true, body: GroupSchema },
  { method: 'DELETE', path: one, summary: 'Deletes a gateway group with everything in it.', handler: deleteGroup, writes: true },
]

// a7 reads times as integers, and fails on others.
function shown({ id, name, description, labels, createdAt, updatedAt }: Group): object {
  return { id, name, ...(description !== undefined && { description }), ...(labels && { labels }), status: 1, created_at: createdAt, updated_at: updatedAt }
}

function listGroups({ desk, query }: Call): Answer {
  const [name, search] = [query.get('name'), query.get('search')]
  const found = desk.store.groups().filter((group) => (!name || group.name === name || group.id === name) && (!search || group.name.includes(search) || group.id.includes(search)))
  const size = Number(query.get('page_size') ?? 0)
  const page = Number(query.get('page') ?? 1)
  const listed = size >= 1 && page >= 1 ? found.slice((page - 1) * size, page * size) : found
  return ok({ list: listed.map(shown), total: found.length })
}

function groupAt({ desk, params, view }: Call): Group {
  const group = desk.store.group(params['id'] ?? '')
  if (!group) throw view.missing()
  return group
}

async function writtenBy(call: Call): Promise<Static<typeof GroupSchema>> {
  const body = await call.body()
  if (body === undefined) throw refuse(400, 'missing configurations')
  const { value, issues } = check(GroupSchema, body)
  if (issues.length > 0) throw refuse(400, textOf(issues))
  return value as Static<typeof GroupSchema>
}

async function postGroup(call: Call): Promise<WriteAnswer> {
  const { id = call.desk.newId(), ...about } = await writtenBy(call)
  if (call.desk.store.group(id)) throw refuse(409, `gateway group [${id}] exists already`)
  return put(call, id, about)
}

async function putGroup(call: Call): Promise<WriteAnswer> {
  const { id: own, ...about } = await writtenBy(call)
  const named = call.params['id'] ?? ''
  const id = call.desk.store.group(named)?.id ?? named
  if (own !== undefined && own !== id) throw refuse(400, 'wrong gateway group id')
  if (!/^[a-zA-Z0-9._-]{1,64}$/.test(id)) throw refuse(400, "invalid configuration: id: must be of letters, digits, '.', '_' and '-'")
  return put(call, id, about)
}

async function put({ desk }: Call, id: string, { name, description, labels }: Static<typeof GroupSchema>): Promise<WriteAnswer> {
  const isNew = desk.store.group(id) === undefined
  const group = await desk.store.putGroup(id, { name, ...(description !== undefined && { description }), ...(labels && { labels }) })
  return { ...ok({ value: shown(group) }), done: { action: isNew ? 'created' : 'updated', id } }
}

async function deleteGroup(call: Call): Promise<WriteAnswer> {
  const { id } = groupAt(call)
  if (!(await call.desk.store.deleteGroup(id))) throw call.view.missing()
  return { ...ok({}), done: { action: 'deleted', id } }
}
