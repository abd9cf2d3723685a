/** Whether a body is an object or an array by its first and last byte, white space aside. */
export function looksLikeJson(body: Buffer): boolean {
  let start = body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf ? 3 : 0
  let end = body.length - 1
  // DeepSeek sends empty lines for as long as the answer waits in its queue.
  while (isSpace(body[start])) start++
  while (end > start && isSpace(body[end])) end--
  return (body[start] === 0x7b && body[end] === 0x7d) || (body[start] === 0x5b && body[end] === 0x5d)
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}
