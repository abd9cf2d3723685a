import { oneOf, Type, type Issue, type Static } from '@sluice/kernel'

const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'

/** Configuration of `request-id`. */
export const ConfigSchema = Type.Object(
  {
    header_name: Type.String({
      default: 'X-Request-Id',
      pattern: "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$",
      expects: 'the name of a header',
      description: 'The header that carries the id, to the upstream and to the client.',
    }),
    include_in_response: Type.Boolean({ default: true, description: 'Whether the client gets it too.' }),
    algorithm: oneOf(['uuid', 'nanoid', 'range_id', 'ksuid', 'uuidv7'], {
      default: 'uuid',
      description: 'How an id is made. `ksuid` and `uuidv7` begin with the time, and sort by it.',
    }),
    range_id: Type.Object(
      {
        length: Type.Integer({ minimum: 6, maximum: 256, default: 16, description: 'Characters of the id.' }),
        char_set: Type.String({
          minLength: 6,
          maxLength: 256,
          default: letters,
          pattern: '^[!-~]*$',
          expects: 'made of visible ASCII characters',
          description: 'Characters that the id is drawn from.',
        }),
      },
      { additionalProperties: false, default: {}, description: 'Of the algorithm `range_id`.' },
    ),
  },
  { additionalProperties: false },
)

export type Config = Static<typeof ConfigSchema>

/** HTTP says what these hold, or the gateway does; an id in them would break the request or the answer. */
const taken: ReadonlySet<string> = new Set([
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'expect',
  'host',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'x-sluice-request-id',
])

/** What the schema cannot say. */
export function validate({ header_name: name }: Config, path: Issue['path']): readonly Issue[] {
  if (!taken.has(name.toLowerCase())) return []
  return [{ path: [...path, 'header_name'], message: `must be a header of its own; ${name} has another meaning` }]
}
