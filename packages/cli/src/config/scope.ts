import { kinds, singular, type Kind } from '@sluice/config'
import { nearestOf } from '@sluice/kernel'
import { CommandError } from '../command-error.ts'
import type { Scope } from './plan.ts'

/** What flags say of which resources are taken into account. */
export interface ScopeOptions {
  readonly include?: string
  readonly exclude?: string
  readonly label?: string
  /** `--delete=false`, as a7 has it, is text. */
  readonly delete?: boolean | 'true' | 'false'
}

/** Throws a `CommandError`. */
export function scopeOf({ include, exclude, label, delete: deletes }: ScopeOptions): Scope {
  const all = include === undefined ? kinds : kindsIn(include, '--include')
  const out = exclude === undefined ? [] : kindsIn(exclude, '--exclude')
  const chosen = new Set(all.filter((kind) => !out.includes(kind)))
  return { ...(chosen.size < kinds.length && { kinds: chosen }), ...(label !== undefined && { label: labelOf(label) }), deletes: deletes !== false && deletes !== 'false' }
}

/** `routes,services`; `route` and `global-rule` are understood. Credentials belong to consumers. */
function kindsIn(text: string, flag: string): readonly Kind[] {
  return text.split(',').flatMap((word) => {
    const plain = word.trim().toLowerCase().replaceAll('-', '_')
    const kind = kinds.find((one) => one === plain || singular[one].replaceAll(' ', '_') === plain)
    if (kind === undefined) {
      const nearest = nearestOf(plain, kinds)
      throw new CommandError(`${flag}: ${JSON.stringify(word)} is no kind of resources${nearest === undefined ? '' : `; did you mean ${nearest}?`}`, { advice: [`There are ${kinds.join(', ')}.`] })
    }
    return kind === 'consumers' ? ['consumers', 'credentials'] : [kind]
  })
}

function labelOf(text: string): NonNullable<Scope['label']> {
  const at = text.indexOf('=')
  const name = at < 0 ? text : text.slice(0, at)
  if (name === '') throw new CommandError('--label takes key=value, or a key alone')
  return { name, value: at < 0 ? undefined : text.slice(at + 1) }
}
