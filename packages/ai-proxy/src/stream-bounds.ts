/** An event beyond this is no event: nothing is held without a bound. */
export const maxEventBytes = 8 * 1024 * 1024
/** Bytes after which a stream that has said nothing yet is committed all the same. */
export const maxHeldBytes = 64 * 1024
