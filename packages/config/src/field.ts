import { oneOf, Type, type TSchema } from '@sluice/kernel'

/** `id` of a resource: a string or an integer; integers become strings. */
export const Id = Type.Unsafe<string | number>({
  type: ['string', 'integer'],
  minLength: 1,
  maxLength: 64,
  pattern: '^[a-zA-Z0-9._\\-]+$',
  expects: "of letters, digits, '.', '_' and '-'",
  minimum: 1,
  description: 'Unique within its collection. A resource without one goes by its `name`.',
})

/** An id in another role. */
export function idThat(description: string): typeof Id {
  return { ...Id, description }
}

/** Host that a route or service serves: exact, or with one leading star. */
export const Host = Type.String({
  pattern: '^\\*?[0-9a-zA-Z._\\[\\]:\\-]+$|^\\*$',
  expects: "a host name, with a '*' only in front of it",
  maxLength: 255,
  description: 'A host name, `*.example.com`, or `host:port` to compare with the port.',
})

/** Seconds a connection may take for each of its parts; all three belong together. */
export function timeout(description: string, members: object = {}): TSchema {
  return Type.Object(
    {
      connect: seconds('Seconds to connect.'),
      send: seconds('Seconds between two writes.'),
      read: seconds('Seconds between two reads.'),
    },
    { additionalProperties: false, description, ...members },
  )
}

function seconds(description: string): TSchema {
  return Type.Number({ exclusiveMinimum: 0, maximum: 2_000_000, description })
}

/** Plugin configurations by plugin name. */
export const Plugins = Type.Record(Type.String(), Type.Unknown(), {
  description: 'Plugin configurations by plugin name.',
})

export const Method = oneOf(['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS', 'CONNECT', 'TRACE', 'PURGE'])

/** What is told about a resource and changes nothing. */
export const about = {
  name: Type.Optional(Type.String({ minLength: 1, maxLength: 256, description: 'A name for people.' })),
  desc: Type.Optional(Type.String({ maxLength: 256, description: 'What it is for.' })),
  labels: Type.Optional(
    Type.Record(Type.String(), Type.String({ minLength: 1, maxLength: 256, pattern: '^\\S+$', expects: 'free of white space' }), {
      description: 'Labels for tools; they change nothing.',
    }),
  ),
}

/** Kept by an Admin API; accepted in a file and ignored, because dumps carry them. */
export const times = {
  create_time: Type.Optional(Type.Integer({ minimum: 0, description: 'Unix time, seconds. Kept for tools.' })),
  update_time: Type.Optional(Type.Integer({ minimum: 0, description: 'Unix time, seconds. Kept for tools.' })),
}

/** `{ a, b }` where every member is known. */
export const closed = { additionalProperties: false } as const

/** A certificate or a key. */
export function pem(what: string, secret = false): TSchema {
  return Type.String({ minLength: 1, description: `${what}: PEM, or a file of it, relative to this one.`, ...(secret && { secret: true }) })
}

export interface Listen {
  readonly host: string
  readonly port: number
}

/** Where something listens; by default there. */
export function listen(host: string, port: number, description: string): TSchema {
  return Type.Object(
    {
      host: Type.String({ default: host, minLength: 1, maxLength: 255, description: 'Address to listen on.' }),
      port: Type.Integer({ default: port, minimum: 0, maximum: 65_535, description: 'Port; 0: any that is free.' }),
    },
    { ...closed, default: {}, description },
  )
}
