import { CommandError } from './command-error.ts'
import type { Connection } from './connection.ts'

type Problem = readonly [says: string, ...advice: string[]]

const start = 'Is the gateway running, with gateway.admin in its configuration? sluice start --help'
const trust = 'Trust it with --ca-cert <file>, or, for trying things out, believe anybody with --tls-skip-verify.'
const closed: Problem = ['it closed the connection']
const untrusted: Problem = ['nobody who is trusted vouches for its certificate', trust]

/** By the code of Node, OpenSSL or undici. https://nodejs.org/api/tls.html#x509-certificate-error-codes */
const problems: Readonly<Record<string, Problem>> = {
  ECONNREFUSED: ['nothing listens there', start],
  ENOTFOUND: ['there is no such host', 'Look at the spelling of the address.'],
  EAI_AGAIN: ['its name cannot be looked up now', 'Is there a network?'],
  EHOSTUNREACH: ['there is no way to that host'],
  ENETUNREACH: ['there is no way to that network'],
  ETIMEDOUT: ['it does not answer', start],
  ECONNRESET: closed,
  EPIPE: closed,
  UND_ERR_SOCKET: closed,
  UND_ERR_CONNECT_TIMEOUT: ['it does not answer', start],
  UND_ERR_HEADERS_TIMEOUT: ['it takes requests and does not answer them'],
  UND_ERR_BODY_TIMEOUT: ['it stopped in the middle of its answer'],
  HPE_INVALID_CONSTANT: ['what answers does not speak HTTP', 'Does it want https://?'],
  DEPTH_ZERO_SELF_SIGNED_CERT: untrusted,
  SELF_SIGNED_CERT_IN_CHAIN: untrusted,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted,
  UNABLE_TO_GET_ISSUER_CERT: untrusted,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted,
  CERT_HAS_EXPIRED: ['its certificate has expired', trust],
  CERT_NOT_YET_VALID: ['its certificate is not valid yet', 'Is the clock of this machine right?'],
  ERR_TLS_CERT_ALTNAME_INVALID: ['its certificate is for other names', 'Use one of them in --server.'],
  ERR_SSL_WRONG_VERSION_NUMBER: ['it does not speak TLS', 'Give its address with http://.'],
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: ['it wants a client certificate', 'Give one with --client-cert and --client-key.'],
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN: ['it does not take the client certificate', 'Give another with --client-cert and --client-key.'],
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: ['it does not take the client certificate', 'Give another with --client-cert and --client-key.'],
  ERR_OSSL_X509_KEY_VALUES_MISMATCH: ['--client-key is not the key of --client-cert', 'Give the two that belong together.'],
}

/** What is told when a server gave no answer. */
export function unreachable(error: unknown, { server }: Connection): CommandError {
  const codes = codesOf(error)
  const known = codes.find((code) => code in problems)
  const [says, ...advice] = known === undefined ? [error instanceof Error ? error.message : String(error)] : (problems[known] as Problem)
  if (known !== undefined && problems[known] === closed) advice.push(server.value.startsWith('https:') ? 'Does it want a client certificate? Give one with --client-cert and --client-key.' : 'Does it want https://?')
  return new CommandError(`${server.value} cannot be asked: ${says}`, { cause: error, advice: [...advice, `The address is that of ${server.from}.`] })
}

/** Of the error, of what it holds, and of what brought it about. */
function codesOf(error: unknown): readonly string[] {
  if (!(error instanceof Error)) return []
  const { code } = error as NodeJS.ErrnoException
  const inner = error instanceof AggregateError ? error.errors.flatMap(codesOf) : []
  return [...(typeof code === 'string' ? [code] : []), ...inner, ...codesOf(error.cause)]
}
