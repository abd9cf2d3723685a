/** Ends of names, without separators, that mark a credential: `x-api-key`, `access_token`, `X-Amz-Signature`. */
const credential =
  /(?:apikey|accesskey|accesskeyid|secretkey|privatekey|subscriptionkey|token|secret|password|passwd|signature|credentials?|authorization|jwt)$/

const whole: ReadonlySet<string> = new Set(['key', 'auth', 'pwd', 'pass', 'sig', 'sas', 'cookie', 'setcookie', 'session', 'sessionid', 'sid'])

/** Whether a header, parameter or field of this name holds a credential, as far as its name tells; case and separators do not count. */
export function isSecretName(name: string): boolean {
  const plain = name.toLowerCase().replace(/[^a-z0-9]/g, '')
  return whole.has(plain) || credential.test(plain)
}

/** No name that `isSecretName` knows lacks all of these; percent signs may hide anything. */
const suspicious = /key|token|secret|pass|pwd|sig|sas|auth|jwt|credential|cookie|session|sid|%/i

/** A query (what follows the `?`) for logs: values of parameters that hold credentials become `***`; `known` are names of further ones. */
export function maskQuery(query: string, known: readonly string[] = []): string {
  if (known.length === 0 && !suspicious.test(query)) return query
  return query
    .split('&')
    .map((pair) => {
      const at = pair.indexOf('=')
      return at >= 0 && at < pair.length - 1 && isSecret(decoded(pair.slice(0, at)), known) ? `${pair.slice(0, at)}=***` : pair
    })
    .join('&')
}

function isSecret(name: string, known: readonly string[]): boolean {
  return isSecretName(name) || known.includes(name)
}

function decoded(name: string): string {
  const spaced = name.replaceAll('+', ' ')
  if (!spaced.includes('%')) return spaced
  try {
    return decodeURIComponent(spaced)
  } catch {
    return 'token' // whoever misspells a name may be hiding one
  }
}
