import { createHash, createHmac } from 'node:crypto'

export interface AwsCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** Of temporary credentials. */
  readonly sessionToken?: string
}

export interface AwsSignerOptions {
  readonly credentials: AwsCredentials
  readonly region: string
  /** The name that signatures give the service, such as `bedrock`. */
  readonly service: string
  /** Unix time, milliseconds. */
  readonly now?: () => number
}

/** A request as it goes over the wire. */
export interface RequestToSign {
  readonly method: string
  /** With the port, where it is not the scheme's own. */
  readonly host: string
  /** Path and query, encoded. */
  readonly path: string
  /** Headers to be signed beside the host, by their names in lower case; others may be sent, too. */
  readonly headers?: Readonly<Record<string, string>>
  /** All of it, in any pieces. */
  readonly body: readonly Uint8Array[]
}

const algorithm = 'AWS4-HMAC-SHA256'

/**
 * Signs requests to Amazon's services with Signature Version 4, one after the other:
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
export class AwsSigner {
  readonly #options: AwsSignerOptions
  readonly #now: () => number
  /** The key of a day, for its first request makes it. */
  #key: { readonly day: string; readonly bytes: Buffer } | undefined

  constructor(options: AwsSignerOptions) {
    this.#options = options
    this.#now = options.now ?? Date.now
  }

  /** The headers that a request is sent with beside those it has, names in lower case. */
  sign({ method, host, path, headers = {}, body }: RequestToSign): Record<string, string> {
    const { credentials, region, service } = this.#options
    const time = new Date(this.#now()).toISOString().replaceAll(/[-:]|\.\d+/g, '')
    const day = time.slice(0, 8)
    const added: Record<string, string> = { 'x-amz-date': time }
    if (credentials.sessionToken !== undefined) added['x-amz-security-token'] = credentials.sessionToken
    const signed = Object.entries({ ...headers, ...added, host }).toSorted(([a], [b]) => (a < b ? -1 : 1))
    const names = signed.map(([name]) => name).join(';')
    const [before = '', query = ''] = splitAt(path, '?')
    const canonical = [
      method,
      canonicalPath(before),
      canonicalQuery(query),
      ...signed.map(([name, value]) => `${name}:${value.trim().replaceAll(/ +/g, ' ')}`),
      '',
      names,
      sha256(body),
    ].join('\n')
    const scope = `${day}/${region}/${service}/aws4_request`
    const toSign = [algorithm, time, scope, sha256([Buffer.from(canonical)])].join('\n')
    const signature = hmac(this.#keyOf(day), toSign).toString('hex')
    added['authorization'] = `${algorithm} Credential=${credentials.accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`
    return added
  }

  #keyOf(day: string): Buffer {
    if (this.#key?.day !== day) {
      const { credentials, region, service } = this.#options
      const parts = [day, region, service, 'aws4_request']
      this.#key = { day, bytes: parts.reduce(hmac, Buffer.from(`AWS4${credentials.secretAccessKey}`)) }
    }
    return this.#key.bytes
  }
}

/** What is encoded on the wire is encoded once more; dots and empty segments are taken out, as by every service but S3. */
function canonicalPath(path: string): string {
  const segments: string[] = []
  for (const segment of path.split('/')) {
    if (segment === '..') segments.pop()
    else if (segment !== '' && segment !== '.') segments.push(encode(segment))
  }
  const isFolder = segments.length > 0 && /\/\.{0,2}$/.test(path)
  return `/${segments.join('/')}${isFolder ? '/' : ''}`
}

function canonicalQuery(query: string): string {
  const parameters = query.split('&').filter((parameter) => parameter !== '')
  const pairs = parameters.map((parameter) => splitAt(parameter, '=').map((text) => encode(decode(text))))
  return pairs
    .map(([name = '', value = '']) => [name, value] as const)
    .toSorted(([a, one], [b, other]) => (a === b ? compare(one, other) : compare(a, b)))
    .map(([name, value]) => `${name}=${value}`)
    .join('&')
}

function splitAt(text: string, mark: string): string[] {
  const at = text.indexOf(mark)
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + 1)]
}

function compare(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

/** In a query a plus is a space. What is no encoding stands for itself. */
function decode(text: string): string {
  const spaced = text.replaceAll('+', ' ')
  try {
    return decodeURIComponent(spaced)
  } catch {
    return spaced
  }
}

/** Everything but letters, digits and `-._~`. */
function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replaceAll(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
}

function sha256(pieces: readonly Uint8Array[]): string {
  const hash = createHash('sha256')
  for (const piece of pieces) hash.update(piece)
  return hash.digest('hex')
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}
