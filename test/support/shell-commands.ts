import { execFile } from 'node:child_process'

/** A command of `sluice` as a shell takes it apart. */
export interface ShellCommand {
  readonly args: readonly string[]
  readonly stdin: string
}

// Each command as its words and what is piped in, with characters between them that no example has.
const prelude = String.raw`sluice() { printf '%s\0' "$@"; printf '\1'; cat; printf '\2'; }`

/** What a shell makes of lines that call `sluice`, here documents included; nothing is carried out, and nothing written to files. */
export async function commandsIn(lines: string): Promise<readonly ShellCommand[]> {
  const script = lines.replaceAll(/ > \S+$/gm, '')
  const output = await new Promise<string>((resolve, reject) => {
    const child = execFile('bash', ['-ec', `${prelude}\n${script}`], (error, stdout) => (error ? reject(error) : resolve(stdout)))
    child.stdin?.end()
  })
  return output
    .split('\u0002')
    .slice(0, -1)
    .map((command) => {
      const [words = '', stdin = ''] = command.split('\u0001')
      return { args: words.split('\0').slice(0, -1), stdin }
    })
}
