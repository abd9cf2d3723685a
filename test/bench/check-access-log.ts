import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { memoryRoute } from './wire.ts'

/** How exchanges of the benchmark may go. */
export type Outcome = 'complete' | 'client_disconnect'

type Line = Readonly<Record<'status' | 'outcome' | 'prompt_tokens' | 'route', unknown>>

/** One line for each exchange, every one complete and accounted for; returns what is not so. */
export async function checkAccessLog(path: string, target: string, exchanges: Partial<Record<Outcome, number>>): Promise<string[]> {
  const problems: string[] = []
  const found = new Map<unknown, number>()
  for await (const text of createInterface({ input: createReadStream(path) })) {
    const line = read(text)
    if (line) found.set(line.outcome, (found.get(line.outcome) ?? 0) + 1)
    if (problems.length < 3 && !(line && isAccountedFor(line))) problems.push(`${target}: this access line is wrong: ${text}`)
  }
  for (const outcome of new Set([...Object.keys(exchanges), ...found.keys()])) {
    const [lines = 0, expected = 0] = [found.get(outcome), exchanges[outcome as Outcome]]
    if (lines !== expected) problems.push(`${target}: ${lines} access lines for ${expected} exchanges whose outcome is ${String(outcome)}`)
  }
  return problems
}

function read(line: string): Line | undefined {
  try {
    return JSON.parse(line) as Line
  } catch {
    // A line that was cut: the caller says so with the text.
    return undefined
  }
}

function isAccountedFor({ status, outcome, prompt_tokens: tokens, route }: Line): boolean {
  // Usage comes with the end of a stream, and a client that has left does not see it.
  return Number(status) === 200 && (outcome !== 'complete' || route === memoryRoute || Number(tokens) > 0)
}
