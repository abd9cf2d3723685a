import type { Dispatcher } from 'undici'
import { CloudAuthError } from './cloud-auth-error.ts'

/** A POST to a token endpoint. `what` names the thing that is asked for, in messages. */
export interface FormPost {
  readonly what: string
  readonly url: string
  readonly form: Record<string, string>
  readonly dispatcher: Dispatcher
  /** Milliseconds for the whole of it, from connecting to the last byte. */
  readonly timeout: number
  readonly signal: AbortSignal
}

/** What came back: any status, the body as text. */
export interface FormAnswer {
  readonly status: number
  readonly body: string
}

const maxBytes = 65_536

/**
 * Posts a form and reads the answer whole, 64 KiB at most; redirects are not followed. Throws a `CloudAuthError` when
 * there is no answer, the signal's reason when it aborts.
 */
export async function postForm(post: FormPost): Promise<FormAnswer> {
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(timedOut(post)), post.timeout)
  const stop = AbortSignal.any([post.signal, late.signal])
  try {
    // A dispatcher may hold a request back where no signal reaches it, as an interceptor does that looks up names.
    return await Promise.race([aborted(stop), send(post, stop)])
  } catch (error) {
    throw stop.aborted ? stop.reason : toCloudAuthError(post, error)
  } finally {
    clearTimeout(timer)
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}

async function send({ what, url, form, dispatcher }: FormPost, signal: AbortSignal): Promise<FormAnswer> {
  const { origin, pathname, search } = new URL(url)
  const { statusCode, body } = await dispatcher.request({
    origin,
    path: pathname + search,
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
    body: new URLSearchParams(form).toString(),
    // A token is fetched once an hour: a connection that was kept would only be there to be found dead.
    reset: true,
    signal,
  })
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > maxBytes) {
      throw new CloudAuthError('unreachable', `failed to get ${what}: the answer (HTTP ${statusCode}) exceeds 64 KiB`)
    }
    chunks.push(chunk)
  }
  return { status: statusCode, body: Buffer.concat(chunks).toString() }
}

function timedOut({ what, timeout }: FormPost): CloudAuthError {
  return new CloudAuthError('timeout', `failed to get ${what}: the token endpoint did not answer within ${timeout} ms`)
}

/** Takes no more than the code from what undici, Node or OpenSSL threw: the rest may hold hosts and received bytes. */
function toCloudAuthError({ what }: FormPost, error: unknown): CloudAuthError {
  if (error instanceof CloudAuthError) return error
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'no code'
  const kind = /TIMEOUT|ETIMEDOUT/.test(code) ? 'timeout' : 'unreachable'
  return new CloudAuthError(kind, `failed to get ${what}: no answer from the token endpoint (${code})`)
}
