/** Looks like a JWT or like an access token of Google: an endpoint may quote what it was sent. */
const credential = /eyJ[\w-]*\.[\w.-]*|ya29\.[\w.-]*/g

/**
 * A foreign text as one line for an error message: no markup, no control characters, no credentials, 200 characters at
 * most.
 */
export function printable(text: string): string {
  const line = text
    .slice(0, 4_096)
    .replace(credential, '[redacted]')
    .replace(/<[^<>]*>|[<>]/g, ' ')
    .replace(/[\p{C}\p{Z}]+/gu, ' ')
    .trim()
  return line.length > 200 ? `${line.slice(0, 199).toWellFormed()}…` : line
}
