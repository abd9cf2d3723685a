/** A `data:` URL in base64, taken apart: its media type in lower case, and the base64. Undefined for any other URL. */
export function dataUrl(url: string): { media: string; base64: string } | undefined {
  const comma = url.startsWith('data:') ? url.indexOf(';base64,') : -1
  if (comma === -1 || comma > 256) return undefined
  return { media: (url.slice(5, comma).split(';')[0] ?? '').toLowerCase(), base64: url.slice(comma + 8) }
}
