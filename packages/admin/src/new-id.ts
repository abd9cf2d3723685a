/** Makes ids like those that APISIX makes, 20 digits; each is larger than those before it, also after a restart. */
export function idMaker(): () => string {
  let last = 0n
  return () => {
    const now = BigInt(Date.now()) * 1_000n
    last = now > last ? now : last + 1n
    return last.toString().padStart(20, '0')
  }
}
