/** What an answer says, in OpenAI's terms, whatever dialect it was said in. */
export interface Said {
  readonly choices: readonly SaidChoice[]
  readonly usage: Counts | undefined
}

export interface SaidChoice {
  readonly content: string
  readonly refusal: string
  readonly reasoning: string
  readonly calls: readonly SaidCall[]
  readonly finish: string
}

export interface SaidCall {
  /** Undefined where the provider gave none, and one had to be made up. */
  readonly id: string | undefined
  readonly name: string
  readonly input: unknown
}

export interface Counts {
  readonly prompt: number
  readonly completion: number
  readonly total: number
  readonly cached: number
  readonly written: number
  readonly thought: number
}

/** The manifest's `expected`. */
export interface Expected {
  readonly choices?: readonly ExpectedChoice[]
  readonly usage?: Readonly<Record<string, unknown>> | null
}

interface ExpectedChoice {
  readonly content?: string | null
  readonly reasoning?: string
  readonly refusal?: string
  readonly finish_reason: string
  readonly tool_calls?: readonly ExpectedCall[]
  readonly function_call?: ExpectedCall
}

interface ExpectedCall {
  readonly id?: string | null
  readonly name: string
  readonly arguments?: string
  readonly arguments_json?: unknown
}

/** What a recorded answer says, by its manifest. */
export function saidBy({ choices = [], usage }: Expected): Said {
  return { choices: choices.map(choiceOf), usage: usage ? countsIn(usage) : undefined }
}

function choiceOf({ content, refusal, reasoning, finish_reason: finish, function_call: one, tool_calls: calls = one ? [one] : [] }: ExpectedChoice): SaidChoice {
  return { content: content ?? '', refusal: refusal ?? '', reasoning: reasoning ?? '', calls: calls.map(callOf), finish }
}

function callOf({ id, name, arguments: text, arguments_json: input }: ExpectedCall): SaidCall {
  return { id: id || undefined, name, input: input ?? (JSON.parse(text || '{}') as unknown) }
}

function countsIn(usage: Readonly<Record<string, unknown>>): Counts {
  const count = (name: string): number => Number(usage[name] ?? 0)
  return {
    prompt: count('prompt_tokens'),
    completion: count('completion_tokens'),
    total: count('total_tokens'),
    cached: count('cached_tokens'),
    written: count('cache_write_tokens'),
    thought: count('reasoning_tokens'),
  }
}

/** The same with the ids that were made up in place of those that are missing, each of its own. */
export function withIdsOf(said: Said, told: Said): Said {
  const ids = told.choices.flatMap(({ calls }) => calls.map(({ id }) => id))
  if (ids.some((id) => !id) || new Set(ids).size < ids.length) throw new Error(`calls need ids of their own: ${ids.join(', ')}`)
  return {
    ...said,
    choices: said.choices.map((choice, index) => ({
      ...choice,
      calls: choice.calls.map((call, at) => ({ ...call, id: call.id ?? told.choices[index]?.calls[at]?.id })),
    })),
  }
}
