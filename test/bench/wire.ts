/** The path of OpenAI's chat completions. */
export const chatPath = '/v1/chat/completions'
/** The path of Anthropic's Messages. */
export const messagesPath = '/v1/messages'
/** The path of OpenAI's embeddings. */
export const embeddingsPath = '/v1/embeddings'
/** Where a gateway that is observed tells what it holds, and the name of that route. */
export const memoryPath = '/bench/memory'
export const memoryRoute = 'bench-memory'

/** The model that clients ask for, and the one that the gateway's `options` make of it. */
export const askedModel = 'gpt-4o-mini'
export const sentModel = 'gpt-4o'
/** The temperature that `options` set; clients ask for another. */
export const sentTemperature = 0.2
/** What the gateway's decorator puts before every conversation. */
export const decoration = 'You answer briefly, in plain words, and say so when you do not know.'
/** The key of the provider, which only the gateway holds. */
export const providerKey = 'sk-upstream-0123456789abcdef0123456789abcdef'

/** Who asks for a stream that begins and then says no more; the provider looks for it. */
export const heldUser = 'user-whose-stream-is-held'
/** Events that such a stream begins with. */
export const heldEvents = 6

/** The 14 headers that OpenAI's SDK for Node sends, with the bytes of the body behind them. */
export function httpRequest(path: string, body: string): Buffer {
  const bytes = Buffer.from(body)
  const head = [
    `POST ${path} HTTP/1.1`,
    'Host: gateway.example',
    'Connection: keep-alive',
    'Accept: application/json',
    'Content-Type: application/json',
    'User-Agent: OpenAI/JS 7.57.0',
    'X-Stainless-Retry-Count: 0',
    'X-Stainless-Lang: js',
    'X-Stainless-Package-Version: 7.57.0',
    'X-Stainless-OS: Linux',
    'X-Stainless-Arch: x64',
    'X-Stainless-Runtime: node',
    'X-Stainless-Runtime-Version: v26.10.0',
    'Authorization: Bearer sk-client-0123456789abcdef',
    `Content-Length: ${bytes.byteLength}`,
  ]
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), bytes])
}

/** The 23 headers of an answer of OpenAI's API, as a flat list; a length where there is one. Node adds the connection's two. */
export function answerHeaders(contentType: string, length?: number): string[] {
  const headers = [
    ['date', 'Mon, 21 Jul 2026 09:00:00 GMT'],
    ['content-type', contentType],
    ['openai-organization', 'sluice-bench-7f3k2a'],
    ['openai-processing-ms', '412'],
    ['openai-project', 'proj_Tb6oK0mS5vQdXq1rUcYh2LwN'],
    ['openai-version', '2020-10-01'],
    ['x-envoy-upstream-service-time', '431'],
    ['x-ratelimit-limit-requests', '10000'],
    ['x-ratelimit-limit-tokens', '30000000'],
    ['x-ratelimit-remaining-requests', '9999'],
    ['x-ratelimit-remaining-tokens', '29999881'],
    ['x-ratelimit-reset-requests', '6ms'],
    ['x-ratelimit-reset-tokens', '0s'],
    ['x-request-id', 'req_5f0e2a9c1b7d4e3f8a6b0c9d2e1f4a7b'],
    ['cf-cache-status', 'DYNAMIC'],
    ['set-cookie', '__cf_bm=q1w2e3r4t5y6u7i8o9p0; path=/; domain=.api.openai.com; HttpOnly; Secure; SameSite=None'],
    ['strict-transport-security', 'max-age=31536000; includeSubDomains; preload'],
    ['x-content-type-options', 'nosniff'],
    ['server', 'cloudflare'],
    ['cf-ray', '9621f0a1cbd3e5f7-FRA'],
    ['alt-svc', 'h3=":443"; ma=86400'],
  ]
  if (length !== undefined) headers.push(['content-length', String(length)])
  return headers.flat()
}
