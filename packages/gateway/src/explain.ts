import { InvalidConfigError } from './invalid-config-error.ts'

/** What the program says of an error, in the words of whoever started it. */
export function explain(error: unknown): string {
  return error instanceof InvalidConfigError ? error.problems.join('\n') : `sluice: ${messageOf(error)}`
}

function messageOf(error: unknown): string {
  const { code, path, syscall, message, ...rest } = error as NodeJS.ErrnoException
  if (code === 'ENOENT') return `${path ?? 'the file'} does not exist`
  if (code === 'EISDIR') return `${path ?? 'the file'} is a directory`
  if (code === 'EACCES' && path !== undefined) return `${path} may not be read`
  if (syscall === 'listen' || syscall === 'getaddrinfo') return notListening(code, rest as ListenError)
  return message
}

interface ListenError {
  readonly address?: string
  readonly port?: number
  readonly hostname?: string
}

function notListening(code: string | undefined, { address, port, hostname }: ListenError): string {
  const where = hostname ?? `${address?.includes(':') ? `[${address}]` : address}:${port}`
  const settings = 'gateway.listen, gateway.status.listen or --mock-llm'
  return `cannot listen on ${where}, which ${settings} names: ${refusals[code ?? ''] ?? code}`
}

const refusals: Readonly<Record<string, string>> = {
  EADDRINUSE: 'something listens there already',
  EADDRNOTAVAIL: 'this machine has no such address',
  EACCES: 'ports this low need a privilege',
  ENOTFOUND: 'there is no such host',
}
