import { parseConfig, type Kind } from '@sluice/config'
import { describe, expect, test } from 'vitest'
import { fuzz, type Dice } from '../../../test/support/fuzz.ts'
import { ConfigText, type TextChange } from '../src/index.ts'
import { randomText, randomValue, type Written } from './random-config.ts'

/** What a file holds, by collection and id. */
type Held = Map<string, Map<string, unknown>>

const kinds: readonly Kind[] = ['routes', 'services', 'consumers', 'plugin_metadata', 'ssls']

function read(text: string): Record<string, unknown> {
  const { value, issues } = parseConfig(text)
  if (issues.length > 0) throw new Error(`cannot be read: ${JSON.stringify(issues)}\n${text}`)
  return value as Record<string, unknown>
}

function heldBy(text: string): Held {
  const held: Held = new Map()
  for (const [name, entries] of Object.entries(read(text))) {
    const list = Array.isArray(entries) ? (entries as Record<string, unknown>[]) : undefined
    const members = list ? list.map((one) => [String(one['id'] ?? one['name'] ?? one['username']), one] as const) : Object.entries(entries ?? {})
    if (name !== 'gateway' && members.length > 0) held.set(name, new Map(members))
  }
  return held
}

function randomChanges(dice: Dice, held: Held): TextChange[] {
  return Array.from({ length: 1 + dice.below(3) }, () => {
    const kind = dice.pick(kinds)
    const ids = [...(held.get(kind)?.keys() ?? [])]
    const id = ids.length > 0 && dice.perhaps(75) ? dice.pick(ids) : `new-${dice.below(5)}`
    const value = dice.perhaps(25) ? undefined : { ...(randomValue(dice, held.get(kind)?.get(id)) as object), id }
    return { kind, id, value }
  })
}

/** What the file is to hold then. */
function changed(held: Held, changes: readonly TextChange[], hasMap: boolean): Held {
  const next: Held = new Map([...held].map(([name, entries]) => [name, new Map(entries)]))
  for (const { kind, id, value } of changes) {
    const entries = next.get(kind) ?? new Map<string, unknown>()
    const { id: _, ...members } = value ?? {}
    if (value) entries.set(id, kind === 'plugin_metadata' && hasMap ? members : value)
    else entries.delete(id)
    next.set(kind, entries)
  }
  return new Map([...next].filter(([, entries]) => entries.size > 0))
}

const commentsIn = (text: string): readonly string[] => text.match(/# c\d+/g) ?? []

/** Changes one random file several times, and looks at all that must hold then. */
function changeOften(dice: Dice, sharing: 'shares anchors' | 'shares nothing'): void {
  const written = readable(dice, sharing)
  let config = ConfigText.parse(written.text, 'gateway.yaml')
  let { entries } = written
  for (let round = 0; round < 4; round++) {
    const before = config.text
    const held = heldBy(before)
    const changes = randomChanges(dice, held)
    config = config.apply(changes)
    const told = `${JSON.stringify(changes)}\n${before}\n=====>\n${config.text}`
    const touched = new Set(changes.map(({ kind, id }) => `${kind}/${id}`))
    entries = entries.filter(({ kind, id }) => !touched.has(`${kind}/${id}`))
    const untouched = sharing === 'shares nothing' ? entries : []
    const own = [...entries.flatMap(({ lines }) => commentsIn(lines)), ...written.loose]

    expect({ held: heldBy(config.text), told }).toEqual({ held: changed(held, changes, !Array.isArray(read(before)['plugin_metadata'])), told })
    expect({ gateway: read(config.text)['gateway'], told }).toEqual({ gateway: read(before)['gateway'], told })
    expect({ lost: untouched.filter(({ lines }) => !config.text.includes(lines.trimEnd())), told }).toEqual({ lost: [], told })
    expect({ lost: own.filter((one) => !commentsIn(config.text).includes(one)), told }).toEqual({ lost: [], told })
    // Where all stands is kept up to date from change to change, and not read again.
    const { style: _, ...layout } = config.layout
    const { style: __, ...fresh } = ConfigText.parse(config.text, 'gateway.yaml').layout
    expect({ layout, told }).toEqual({ layout: fresh, told })
  }
}

function readable(dice: Dice, sharing: 'shares anchors' | 'shares nothing'): Written {
  for (;;) {
    const written = randomText(dice, sharing === 'shares anchors')
    if (parseConfig(written.text).issues.length === 0) return written
  }
}

describe('ConfigText', () => {
  test('writes what was asked for and leaves the rest to the byte, whatever a file looks like', () => {
    expect(fuzz((dice) => changeOften(dice, 'shares nothing'))).toBeGreaterThan(0)
  })

  test('writes what was asked for where entries share anchors', () => {
    expect(fuzz((dice) => changeOften(dice, 'shares anchors'))).toBeGreaterThan(0)
  })
})
