import { changeSecrets, SecretFields, type Kind } from '@sluice/config'
import type { Kernel } from '@sluice/kernel'
import { redacted } from '../redacted.ts'
import { isReference } from './compare.ts'
import type { Fields } from './wanted.ts'

/** A resource as it may be shown; references such as `$env://NAME` are no secrets. */
export type Mask = (kind: Kind, id: string, value: Fields) => Fields

/** Hides what the schemas of resources and of the kernel’s plugins call secret, and all of what is written for a plugin that it does not know. */
export function maskOf(kernel: Kernel): Mask {
  const fields = new SecretFields(kernel)
  return (kind, id, value) => changeSecrets(fields.of(kind, id), value, (secret) => (isReference(secret) ? secret : redacted)) as Fields
}
