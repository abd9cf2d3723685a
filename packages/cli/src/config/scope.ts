import { isRecord, kinds, singular, type Kind } from '@sluice/config'
import { nearestOf } from '@sluice/kernel'
import { CommandError } from '../command-error.ts'
import { ownerLabel } from './adc-names.ts'
import { keyOf, type Fields } from './wanted.ts'

/** Which resources are taken into account; by default all. */
export interface Scope {
  readonly kinds?: ReadonlySet<Kind>
  /** Those that have this label, here or there, and what belongs to them; `value` undefined: whatever it says. */
  readonly label?: { readonly name: string; readonly value: string | undefined }
  /** Whether what is not wanted is deleted; it is by default. */
  readonly deletes?: boolean
}

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

interface Labelled {
  readonly kind: Kind
  readonly id: string
  readonly value: Fields
}

/** Tells which resources are taken into account, by what they are on any side; sides are by `<kind>/<id>`. */
export function scopeTest({ kinds: chosen, label }: Scope, ...sides: readonly ReadonlyMap<string, Labelled>[]): (resource: Labelled) => boolean {
  const isLabelled = (key: string, named: NonNullable<typeof label>): boolean =>
    sides.some((side) => {
      const one = side.get(key)
      if (!one) return false
      const owner = ownerOf(one)
      return hasLabel(one.value, named) || (owner !== undefined && isLabelled(owner, named))
    })
  return (resource) => (!chosen || chosen.has(resource.kind)) && (!label || isLabelled(keyOf(resource), label))
}

/** What comes and goes with another: what a consumer shows, and the upstreams that ADC marks as a service’s. */
function ownerOf({ kind, id, value }: Labelled): string | undefined {
  if (kind === 'credentials') return `consumers/${id.slice(0, id.indexOf('/'))}`
  const labels = kind === 'upstreams' ? value['labels'] : undefined
  const service = isRecord(labels) ? labels[ownerLabel] : undefined
  return typeof service === 'string' ? `services/${service}` : undefined
}

function hasLabel({ labels }: Fields, { name, value }: NonNullable<Scope['label']>): boolean {
  if (!isRecord(labels) || !Object.hasOwn(labels, name)) return false
  return value === undefined || labels[name] === value
}
