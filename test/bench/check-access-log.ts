import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'

/** One line for each of `answers` exchanges, every one complete and accounted for; returns what is not so. */
export async function checkAccessLog(path: string, target: string, answers: number): Promise<string[]> {
  let lines = 0
  const problems: string[] = []
  for await (const line of createInterface({ input: createReadStream(path) })) {
    lines += 1
    if (problems.length < 3 && !isAccountedFor(line)) problems.push(`${target}: this access line is wrong: ${line}`)
  }
  if (lines !== answers) problems.push(`${target}: ${lines} access lines for ${answers} exchanges`)
  return problems
}

function isAccountedFor(line: string): boolean {
  try {
    const { status, outcome, prompt_tokens: tokens } = JSON.parse(line) as Record<'status' | 'outcome' | 'prompt_tokens', unknown>
    return Number(status) === 200 && outcome === 'complete' && Number(tokens) > 0
  } catch {
    return false
  }
}
