import { CommandError } from './command-error.ts'
import type { Surroundings } from './surroundings.ts'

/** Asks whoever sits at the terminal; without one, or with `isForced`, nobody is asked. Throws a `CommandError` unless the answer is yes. */
export async function confirm(question: string, { stdin, stderr }: Pick<Surroundings, 'stdin' | 'stderr'>, isForced: boolean): Promise<void> {
  if (isForced || stdin.isTTY !== true) return
  stderr.write(`${question} [y/N] `)
  if (!/^y(?:es)?$/i.test((await lineOf(stdin)).trim())) throw new CommandError('nothing was done')
}

async function lineOf(stdin: Surroundings['stdin']): Promise<string> {
  let text = ''
  for await (const piece of stdin) {
    text += typeof piece === 'string' ? piece : Buffer.from(piece).toString('utf8')
    if (text.includes('\n')) break
  }
  return text.split('\n', 1)[0] ?? ''
}
