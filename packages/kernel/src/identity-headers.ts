/** Headers in which an authenticating plugin tells upstream who asks. Nobody else may say them: the front takes them from every request. */
export const identityHeaders = {
  consumer: 'x-consumer-username',
  credential: 'x-credential-identifier',
  customId: 'x-consumer-custom-id',
} as const

const names: ReadonlySet<string> = new Set(Object.values(identityHeaders))

/** Whether a header of this name, in lower case, claims to say who asks; servers behind us may read `_` as `-`. */
export function isIdentityHeader(name: string): boolean {
  return names.has(name) || (name.includes('_') && names.has(name.replaceAll('_', '-')))
}
