/** What a client has got, whole. */
export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

export interface ChatOptions {
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Members of the request beside `model` and `messages`, or in their place. */
  readonly body?: Readonly<Record<string, unknown>>
}

/** Sends an OpenAI chat and reads the answer to its end, streamed or not. */
export async function chat(url: string, options: ChatOptions = {}): Promise<Answer> {
  const response = await sendChat(url, options)
  return { status: response.status, headers: response.headers, text: await response.text() }
}

function sendChat(
  url: string,
  { path = '/v1/chat/completions', headers = {}, body = {} }: ChatOptions,
): Promise<Response> {
  return fetch(`${url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ model: 'gpt-4', messages: [{ role: 'user', content: 'What is 1+1?' }], ...body }),
  })
}

/** What the model said: the message of a whole answer, the deltas of a streamed one put together. */
export function contentOf({ text }: Pick<Answer, 'text'>): string {
  if (!text.startsWith('data:'))
    return (JSON.parse(text) as { choices: [{ message: { content: string } }] }).choices[0].message.content
  return Array.from(text.matchAll(/^data: (\{.*)$/gm), ([, data = '']) => {
    const { choices } = JSON.parse(data) as { choices: { delta: { content?: string } }[] }
    return choices[0]?.delta.content ?? ''
  }).join('')
}

/** A streamed answer that is read piece by piece. */
export interface OpenChat {
  readonly status: number
  /** Reads on until `text` has come, and gives everything that came so far. Rejects when the answer ends without it. */
  until(text: string): Promise<string>
  /** Reads to the end, and gives everything. Rejects where the answer was cut. */
  rest(): Promise<string>
  cancel(): Promise<void>
}

/** Sends a chat with `stream` and hands it over as soon as the head is there. */
export async function openChat(url: string, options: ChatOptions = {}): Promise<OpenChat> {
  const { status, body } = await sendChat(url, { ...options, body: { stream: true, ...options.body } })
  const reader = body!.getReader()
  const decoder = new TextDecoder()
  let text = ''
  const more = async (): Promise<boolean> => {
    const { done, value } = await reader.read()
    text += decoder.decode(value, { stream: !done })
    return !done
  }
  return {
    status,
    async until(wanted) {
      while (!text.includes(wanted)) {
        if (!(await more())) throw new Error(`the answer ended without ${JSON.stringify(wanted)}:\n${text}`)
      }
      return text
    },
    async rest() {
      while (await more());
      return text
    },
    cancel: () => reader.cancel(),
  }
}
