import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './workspace.ts'

/**
 * What goes wrong between dialects, in practice: fifty cases, collected from recorded traffic and from what users of other
 * gateways report. Tests name them by number; `edge-cases.test.ts` holds that each has one.
 */
export const fiftyCases = [
  'parallel results of tools are one message for Anthropic',
  'a streamed call without arguments has {} for them',
  'Gemini ends calls with STOP, maybe in a later chunk',
  'Gemini counts usage anew in every chunk',
  'Anthropic counts the cache beside the prompt',
  'usage in message_delta takes the place of the earlier one',
  'Azure begins with a chunk that has no choices',
  'a choice of Azure’s lacks its delta or its message',
  'usage stands in a chunk with choices null, on the finish, or under x_groq',
  'a finish reason is told twice',
  'an error follows the finish, or is all that a 200 holds',
  'the first event of a stream is an error',
  'a stream ends without [DONE], or with two',
  'calls have any index, or none',
  'a call has no id, or an empty one',
  'one function is called twice',
  'the result of a function has to be an object',
  'calls stand in a history without tools',
  'several answers, whose chunks take turns',
  'the limit of tokens cuts a call off',
  'a server says stop behind calls',
  'empty text of the assistant is no block',
  'the system speaks in the middle',
  'a temperature that Anthropic refuses',
  'a budget of thoughts within the limit of tokens',
  'a forced tool beside thinking',
  'DeepSeek wants its reasoning back',
  'content in parts, as Mistral sends it',
  'a refusal',
  'tools that the provider ran itself',
  'thoughts that nobody else can read',
  'text that citations have split',
  'a candidate of Gemini’s without content',
  'errors of every shape',
  'hints when to come again',
  'blank lines or comments before the answer',
  'Gemini streams an array unless it is asked for events',
  'Bedrock: usage behind the end, masked text, exceptions, paths, padding',
  'embeddings in base64',
  'usage that the gateway asked for, and the client did not',
  'an empty list of tools',
  'names of tools that the provider refuses',
  'an empty stop',
  'a limit of no tokens',
  'numbers that are too long, or no whole ones',
  'a message that begins twice',
  'separators of lines, and emoji cut between chunks',
  'members of usage that nobody knows',
  'the tier is the one that served',
  'the model is the one that answered',
] as const

/** The cases that no test names, by number. */
export function untestedCases(): number[] {
  const named = new Set(testFiles().flatMap(casesIn))
  return fiftyCases.map((_, index) => index + 1).filter((number) => !named.has(number))
}

function testFiles(): string[] {
  const folders = ['test', ...readdirSync(join(root, 'packages')).map((name) => `packages/${name}/test`)]
  return folders.flatMap((folder) => listed(folder).filter((file) => file.endsWith('.test.ts')))
}

function listed(folder: string): string[] {
  try {
    return readdirSync(join(root, folder)).map((name) => join(root, folder, name))
  } catch {
    return [] // a package without tests
  }
}

/** The numbers that names of tests begin with: `test('14, 15: calls …`. */
function casesIn(file: string): number[] {
  const names = readFileSync(file, 'utf8').matchAll(/['`]((?:\d+, )*\d+): [^'`]/g)
  return Array.from(names, ([, numbers = '']) => numbers.split(', ').map(Number)).flat()
}
