/** A tool that a request offers. */
export interface Tool {
  readonly name: string
  /** JSON Schema of its arguments; absent for a tool that takes plain text. */
  readonly schema: unknown
  readonly custom: boolean
}

/** Which tools may, must or must not be called; `only` names the ones to choose from. */
export interface ToolChoice {
  readonly mode: 'auto' | 'none' | 'required'
  readonly only?: readonly string[]
}

const maxCalls = 8

/**
 * The tools that an answer calls: those that the last user message asks for with the words `call <tool>`, and the
 * first of them where the request insists on a call.
 */
export function calledTools({ tools, choice, question, parallel }: CalledToolsInit): readonly Tool[] {
  const only = choice.only && new Set(choice.only)
  const allowed = only ? tools.filter((tool) => only.has(tool.name)) : tools
  if (choice.mode === 'none' || allowed.length === 0) return []
  const named = new Map(allowed.map((tool) => [tool.name, tool]))
  const asked = [...question.slice(0, 10_000).matchAll(/\bcall\s+([\w.-]+)/gi)]
    .map(([, name = '']) => named.get(name) ?? named.get(name.replace(/[.-]+$/, '')))
    .filter((tool) => tool !== undefined)
  const called = asked.length === 0 && choice.mode === 'required' ? allowed.slice(0, 1) : asked
  return called.slice(0, parallel ? maxCalls : 1)
}

interface CalledToolsInit {
  readonly tools: readonly Tool[]
  readonly choice: ToolChoice
  readonly question: string
  readonly parallel: boolean
}
