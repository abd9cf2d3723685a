import { atOnce, inSlices, type Kind, type Steps } from '@sluice/config'
import { planCollection } from './collection-plan.ts'
import { unchanged, type CollectionPlan, type Wanted } from './kept-entries.ts'
import { asEntry, asMember, collectionOf, entryId } from './entry-identity.ts'
import { MarkedEntries, withoutAliasesInto } from './marked-entries.ts'
import { planNew } from './new-collection.ts'
import { shifting, spliced, type Splice } from './splice.ts'
import type { CollectionLayout, TextLayout } from './text-layout.ts'
import { readAside } from './read-aside.ts'
import { byteOrderMark, readLayout } from './read-layout.ts'
import { rewriteWhole } from './whole-text.ts'

/** A resource that is to be written to a file. */
export interface TextChange {
  readonly kind: Kind
  /** As the store has it; of a credential `<username>/<id>`. */
  readonly id: string
  /** All of it, as it is to be read again; undefined: it is to be gone. */
  readonly value: Readonly<Record<string, unknown>> | undefined
}

/**
 * The text of one configuration file, YAML or JSON, and where its resources stand in it. Immutable. A change rewrites what
 * differs and nothing else: comments, order, quotes, blank lines and line breaks stay.
 */
export class ConfigText {
  readonly text: string
  readonly layout: TextLayout
  readonly #body: string

  /** `layout` is that of the text, from `readLayout`; a byte order mark does not count. */
  constructor(text: string, layout: TextLayout) {
    this.text = text
    this.layout = layout
    this.#body = text.startsWith(byteOrderMark) ? text.slice(1) : text
  }

  /** Reads a text; throws where it cannot be read. Takes seconds for megabytes: see `parseAside`. */
  static parse(text: string, file: string): ConfigText {
    return new ConfigText(text, readLayout(text, file))
  }

  /** As `parse`, for a process that serves: a large text is read in a thread of its own. */
  static async parseAside(text: string, file: string): Promise<ConfigText> {
    if (text.length <= small) return ConfigText.parse(text, file)
    const { layout } = await readAside({ text, file })
    return new ConfigText(text, layout)
  }

  /** The text with these resources as they are to be. Parsing it gives exactly them, and what was there besides. */
  apply(changes: readonly TextChange[]): ConfigText {
    const wanted = wantedByCollection(changes)
    const made = atOnce(this.#make(wanted))
    if (made) return made
    // What others repeat of these entries is written out there; then they can be changed.
    const apart = this.#readAgain(withoutAliasesInto(this.#body, this.layout, wanted))
    return atOnce(apart.#make(wanted)) ?? this.#readAgain(rewriteWhole(this.#body, this.layout.style, wanted))
  }

  /** As `apply`, of thousands of changes, or of such as reach beyond their entries, beside whatever else the process does. */
  async applyAside(changes: readonly TextChange[]): Promise<ConfigText> {
    const made = await inSlices(this.#make(wantedByCollection(changes)))
    if (made) return made
    if (this.text.length <= small) return this.apply(changes)
    const { text, layout } = await readAside({ text: this.text, file: 'the changed text', changes })
    return new ConfigText(text, layout)
  }

  /** Undefined where it cannot be done within the entries that change. */
  *#make(wanted: ReadonlyMap<string, Wanted>): Steps<ConfigText | undefined> {
    const plans = yield* this.#plan(wanted)
    try {
      return plans && this.#made(plans)
    } catch (error) {
      if (error instanceof RangeError) return undefined // two changes in each other's way
      throw error
    }
  }

  /** Undefined where a change reaches beyond the entries that it names. */
  *#plan(wanted: ReadonlyMap<string, Wanted>): Steps<ReadonlyMap<string, CollectionPlan> | undefined> {
    const text = this.#body
    const { layout } = this
    const plans = new Map<string, CollectionPlan>()
    const marked = new MarkedEntries(text, layout)
    let isFirst = layout.collections.size === 0
    // What is new comes last, also among changes at one place.
    const isNew = ([name]: readonly [string, Wanted]): number => (layout.collections.has(name) ? 0 : 1)
    for (const [name, values] of [...wanted].toSorted((a, b) => isNew(a) - isNew(b))) {
      const collection = layout.collections.get(name)
      if (collection?.form === 'other') return undefined
      if (collection) {
        const plan = yield* planCollection(text, layout, name, collection, values, marked)
        if (!plan) return undefined
        plans.set(name, plan)
        continue
      }
      const form = name === 'plugin_metadata' ? asMember : asEntry
      const added = [...values].flatMap(([id, value]) => (value ? [[id, form(id, value)] as const] : []))
      if (added.length === 0) continue
      plans.set(name, planNew(text, layout, name, added, isFirst))
      isFirst = false
    }
    return plans
  }

  #made(plans: ReadonlyMap<string, CollectionPlan>): ConfigText {
    const splices = [...plans.values()].flatMap((plan) => plan.splices)
    if (splices.length === 0) return this
    const { text, places } = spliced(this.#body, splices)
    const placeOf = (splice: Splice): number => places.get(splice) ?? 0
    const collections = new Map<string, CollectionLayout>()
    for (const name of new Set([...this.layout.collections.keys(), ...plans.keys()])) {
      const plan = plans.get(name)
      const before = this.layout.collections.get(name)
      const shift = shifting(splices)
      const after = plan ? plan.layout(shift, placeOf, text) : before && unchanged(before, shift, text)
      if (after) collections.set(name, after)
    }
    const { rest, open, close } = this.layout
    const moved = (offset: number): number => (offset === 0 ? 0 : shifting(splices)(offset - 1) + 1)
    return this.#with(text, { ...this.layout, rest: moved(rest), open: moved(open), close: moved(close), collections })
  }

  #with(body: string, layout: TextLayout): ConfigText {
    return new ConfigText(this.#withMark(body), layout)
  }

  #readAgain(body: string): ConfigText {
    return ConfigText.parse(this.#withMark(body), 'the changed text')
  }

  #withMark(body: string): string {
    return this.text.startsWith(byteOrderMark) ? byteOrderMark + body : body
  }
}

/** Characters that are read in no more than some milliseconds; starting a thread takes longer than that. */
const small = 16 * 1024

function wantedByCollection(changes: readonly TextChange[]): ReadonlyMap<string, Wanted> {
  const wanted = new Map<string, Map<string, Readonly<Record<string, unknown>> | undefined>>()
  for (const { kind, id, value } of changes) {
    const name = collectionOf(kind)
    const values = wanted.get(name) ?? new Map<string, TextChange['value']>()
    wanted.set(name, values.set(entryId(kind, id), value))
  }
  return wanted
}
