/** What the Admin API shows in place of a secret; written back, it keeps what is stored. */
export const redacted = '********'
