import type { ChatChoice } from '../pivot/chat-answer.ts'

/** What a choice of an example says, and how it ends, where it is not a plain `Hi`. */
type Saying = Partial<Omit<ChatChoice, 'message'>> & { readonly message?: Partial<ChatChoice['message']> }

/** The choices of a chat that the examples of rules show on its way to a client. */
export function choicesOf(...choices: readonly Saying[]): { readonly choices: readonly ChatChoice[] } {
  return {
    choices: choices.map(({ message, ...choice }, index) => ({
      index,
      message: { role: 'assistant', content: 'Hi', refusal: null, ...message },
      logprobs: null,
      finish_reason: 'stop',
      ...choice,
    })),
  }
}

/** A call with these arguments. */
export function callWith(text: string): Pick<ChatChoice['message'], 'tool_calls'> {
  return { tool_calls: [{ id: 'a', type: 'function', function: { name: 'b', arguments: text } }] }
}
