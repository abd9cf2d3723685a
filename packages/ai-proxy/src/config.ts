import { oneOf, Type, type Static } from '@sluice/kernel'

const fieldName = '^[a-zA-Z0-9._-]+$'
const secret = (description: string) => Type.String({ secret: true, description })
const closed = { additionalProperties: false } as const
/** Milliseconds of a day. */
const longest = 86_400_000
const milliseconds = (what: string) => Type.Optional(Type.Integer({ minimum: 1, maximum: longest, description: `Milliseconds ${what}` }))

const tokenTimes = {
  max_ttl: Type.Optional(Type.Integer({ minimum: 1, description: 'Seconds for which an access token is kept at most.' })),
  expire_early_secs: Type.Integer({
    minimum: 0,
    default: 60,
    description: 'Seconds before its end at which an access token is replaced.',
  }),
}

const Auth = Type.Object(
  {
    header: Type.Optional(
      Type.Record(Type.String({ pattern: fieldName }), secret('A header value, such as `Bearer sk-…`.'), {
        ...closed,
        description: 'Request headers by name; they replace the client’s.',
      }),
    ),
    query: Type.Optional(
      Type.Record(Type.String({ pattern: fieldName }), secret('A parameter value.'), {
        ...closed,
        description: 'Query parameters by name; the endpoint’s own query beats them.',
      }),
    ),
    gcp: Type.Optional(
      Type.Object(
        {
          service_account_json: Type.Optional(
            secret('The key file of a Google Cloud service account; without it the environment’s `GCP_SERVICE_ACCOUNT`.'),
          ),
          ...tokenTimes,
        },
        closed,
      ),
    ),
    azure: Type.Optional(
      Type.Object(
        {
          tenant_id: Type.String({ minLength: 1, description: 'Tenant of Microsoft Entra ID: its id or its domain.' }),
          client_id: Type.String({ minLength: 1, description: 'Id of the application that asks.' }),
          client_secret: Type.String({ minLength: 1, secret: true, description: 'The application’s client secret.' }),
          authority: Type.String({
            minLength: 1,
            default: 'https://login.microsoftonline.com',
            description: 'Who gives the token; national clouds have their own, such as `https://login.microsoftonline.us`.',
          }),
          scope: Type.String({
            minLength: 1,
            default: 'https://cognitiveservices.azure.com/.default',
            description: 'What the token is for; national clouds have their own, such as `https://cognitiveservices.azure.us/.default`.',
          }),
          ...tokenTimes,
        },
        closed,
      ),
    ),
    aws: Type.Optional(
      Type.Object(
        {
          access_key_id: Type.String({ minLength: 1, secret: true, description: 'Id of an access key of AWS.' }),
          secret_access_key: Type.String({ minLength: 1, secret: true, description: 'The key itself: requests are signed with it, and it is not sent.' }),
          session_token: Type.Optional(Type.String({ minLength: 1, secret: true, description: 'Token of temporary credentials.' })),
        },
        closed,
      ),
    ),
  },
  { ...closed, description: 'Credentials for the provider; `{}` for one that needs none.' },
)

const partialBody = Type.Record(Type.String(), Type.Unknown(), { description: 'Members merged into the request body.' })

const Override = Type.Object(
  {
    endpoint: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          'URL of the provider. Without a path (or `/`): the provider’s path. A path that ends in a version (`/v1`) or `/openai`: the operation is appended. Any other: used as it is.',
      }),
    ),
    endpoint_mode: Type.Optional(
      oneOf(['base', 'exact'], { description: 'Forces how the endpoint’s path is taken: `base` appends the operation, `exact` does not.' }),
    ),
    forward_headers: Type.Optional(
      Type.Array(Type.String({ pattern: fieldName }), {
        description: 'Client headers that go to the provider beside those that always do.',
      }),
    ),
    llm_options: Type.Optional(
      Type.Object(
        { max_tokens: Type.Optional(Type.Integer({ minimum: 1, description: 'Token limit, under the name that the provider gives it.' })) },
        { ...closed, description: 'Options that every provider has, forced.' },
      ),
    ),
    request_body: Type.Optional(
      Type.Object(
        {
          'openai-chat': Type.Optional(partialBody),
          'openai-responses': Type.Optional(partialBody),
          'openai-embeddings': Type.Optional(partialBody),
          'anthropic-messages': Type.Optional(partialBody),
          gemini: Type.Optional(partialBody),
          'gemini-embeddings': Type.Optional(partialBody),
          'vertex-predict': Type.Optional(partialBody),
          'bedrock-converse': Type.Optional(partialBody),
          'bedrock-embeddings': Type.Optional(partialBody),
        },
        {
          ...closed,
          unsupported: ['passthrough'],
          description: 'By dialect: members merged deeply into the body where they are missing.',
        },
      ),
    ),
    request_body_force_override: Type.Boolean({ default: false, description: 'Lets `request_body` win over what the body has.' }),
  },
  { ...closed, default: {} },
)

/** The fields of `ai-proxy`; one row of the plugin's reference each. */
export const configOf = (providers: readonly string[]) =>
  Type.Object(
    {
      provider: oneOf(providers, { description: 'Who answers.' }),
      provider_conf: Type.Object(
        {
          project_id: Type.Optional(Type.String({ minLength: 1, description: 'Google Cloud project, for `vertex-ai`.' })),
          region: Type.Optional(Type.String({ minLength: 1, description: 'Region of Google Cloud for `vertex-ai`, of AWS for `bedrock` and `auth.aws`.' })),
          resource: Type.Optional(
            Type.String({ minLength: 1, description: 'Azure resource, for `azure-openai`: the host is `<resource>.openai.azure.com`.' }),
          ),
          deployment: Type.Optional(
            Type.String({ minLength: 1, description: 'Deployment of the model, for `azure-openai`; the model that is asked for if absent.' }),
          ),
          api_version: Type.Optional(
            Type.String({
              minLength: 1,
              description: 'Version of Azure’s API, such as `2024-10-21`, for `azure-openai`: the deployment is asked by its path. Without it: the v1 API.',
            }),
          ),
          dialect: Type.Optional(
            oneOf(['native'], { description: '`native`: clients of other dialects are translated into the provider’s own, rather than served by its compatible endpoint.' }),
          ),
        },
        { ...closed, default: {} },
      ),
      auth: Auth,
      options: Type.Object(
        { model: Type.Optional(Type.String({ minLength: 1, description: 'Model to ask for.' })) },
        { additionalProperties: true, default: {}, description: 'Members written over the request body: `temperature`, `max_tokens`, `stream`, any other.' },
      ),
      options_mode: oneOf(['override', 'default'], {
        default: 'override',
        description: 'Whether `options` win over the client, or only fill what the client left out.',
      }),
      include_usage: oneOf(['auto', 'never'], {
        default: 'auto',
        description: 'Whether a streamed chat asks the provider for its usage; `never` for servers that refuse `stream_options`.',
      }),
      override: Override,
      logging: Type.Object(
        {
          summaries: Type.Boolean({ default: false, description: 'Adds `llm_summary` to the access log.' }),
          payloads: Type.Boolean({ default: false, description: 'Adds `llm_request` and `llm_response_text` to the access log.' }),
        },
        { ...closed, default: {} },
      ),
      timeout: Type.Integer({
        minimum: 1,
        maximum: 600_000,
        default: 30_000,
        description: 'Milliseconds for connecting, for the first byte, and between two reads, each; the fields below replace it one by one.',
      }),
      connect_timeout: milliseconds('until the provider is connected; `timeout` if absent.'),
      first_byte_timeout: milliseconds('from the sent request to the first byte of the answer’s body, its head and comments of a stream included; `timeout` if absent.'),
      idle_timeout: milliseconds('between two reads of the answer, and for the provider to take more of the request; `timeout` if absent.'),
      total_timeout: milliseconds('for all of an attempt, whole or streamed; no limit if absent.'),
      commit_ms: Type.Integer({
        minimum: 0,
        maximum: longest,
        default: 1000,
        description: 'Milliseconds for which the head of a stream waits for the first content, so that a failure still has a status.',
      }),
      max_req_body_size: Type.Integer({ minimum: 1, default: 67_108_864, description: 'Bytes of request body.' }),
      max_stream_duration_ms: Type.Optional(
        Type.Integer({ minimum: 1, description: 'Milliseconds that a stream may last; beside `total_timeout`, the shorter one counts.' }),
      ),
      max_response_bytes: Type.Optional(
        Type.Integer({ minimum: 1, description: 'Bytes of an answer in a dialect. One that is not streamed has 67108864 at most.' }),
      ),
      keepalive: Type.Boolean({ default: true, description: 'Keeps connections for the next request.' }),
      keepalive_timeout: Type.Integer({ minimum: 1000, default: 60_000, description: 'Milliseconds that an idle connection is kept.' }),
      keepalive_pool: Type.Integer({ minimum: 1, default: 30, description: 'Idle connections kept at most; never a bound on requests.' }),
      streaming_flush_interval_ms: Type.Integer({
        minimum: 0,
        default: 10,
        description: 'Accepted for compatibility: events leave at once, which is within any interval.',
      }),
      ssl_verify: Type.Boolean({ default: true, description: 'Verifies the provider’s certificate.' }),
    },
    { additionalProperties: false },
  )

export type Config = Static<ReturnType<typeof configOf>>
