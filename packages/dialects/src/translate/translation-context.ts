import type { ChatExtension } from '@sluice/provider'
import type { Json } from './json.ts'
import { ToolNames } from './tool-names.ts'

/** What translators need to know of the world. */
export interface TranslationOptions {
  /** Seconds since the epoch, for an answer that has no time of its own. */
  readonly now: () => number
  /** Letters and digits that were not given before, for an id that the provider left out. */
  readonly newId: () => string
  /** Characters that may be held back of one streamed answer: what must be whole, such as calls that arrive interleaved. */
  readonly maxHeld: number
  /** The request is not to be answered but counted, by the provider's operation for that: `bare` takes it as it is, `wrapped` within another. */
  readonly counts?: 'bare' | 'wrapped'
  /** Members of a chat request beyond OpenAI's that the provider takes; the others are left out. */
  readonly extensions?: readonly ChatExtension[]
  /** The member of a chat request that limits tokens; `max_completion_tokens` unless given. */
  readonly tokenLimit?: string
  /** The limit of tokens that holds whatever the client says: how much may be thought depends on it. */
  readonly maxTokens?: number
  /** Tokens to ask for where the provider's dialect wants a limit and the client gave none. */
  readonly defaultMaxTokens?: number
}

/** What one exchange remembers between its request and its answer. */
export class TranslationContext {
  readonly options: TranslationOptions
  readonly toolNames = new ToolNames()
  /** When it began, in seconds since the epoch. */
  readonly startedAt: number
  /** The model that was asked for; '' where none was named. */
  model = ''
  /** The client asked for the usage chunk of a streamed chat. */
  wantsUsage = false

  /** The client asked by `functions`, as before there were tools, and wants its answer so. */
  wantsFunctionCall = false

  /** Members of the client's request that an answer of the Responses API repeats. */
  repeated: Json = {}

  /** Tools of the client's whose input is a text of its own kind, by their names. */
  readonly customTools = new Set<string>()

  /** The prompt, where a client of the old completions wants it repeated before the answer; else ''. */
  echoed = ''

  constructor(options: TranslationOptions) {
    this.options = options
    this.startedAt = options.now()
  }

  /** An id with the beginning that the dialect's clients expect. */
  newId(prefix: string): string {
    return prefix + this.options.newId()
  }
}
