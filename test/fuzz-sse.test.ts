import assert from 'node:assert/strict'
import { dataOf, decodeEvent, encodeEvent, EventFramer, EventTooLargeError } from '@sluice/provider'
import { expect, test } from 'vitest'
import { cutAnywhere, damaged, fuzz, fuzzMs, type Dice } from './support/fuzz.ts'
import { smallStream } from './support/upstream.ts'

const timeout = fuzzMs * 10 + 5000
const pieces = ['\n', '\r', '\r\n', '\n\n', '\r\r', '\r\n\r\n', '\n\r', ':', ' ', 'data', 'data:', 'data: x\n', 'event: e\n', 'id: 1\n', 'retry: 5\n', '\0', '\ufeff', '😀', Buffer.from([0xff, 0xc3])]

function stream(dice: Dice): Buffer {
  if (dice.perhaps(50)) return damaged(Buffer.from(smallStream), dice, pieces)
  return Buffer.concat(dice.some(30, () => Buffer.from(dice.pick([...pieces, 'word '.repeat(dice.below(40))]) as string)))
}

interface Framed {
  readonly events: Buffer[]
  readonly rest: Buffer
  readonly isTooLarge: boolean
}

function framed(chunks: readonly Buffer[], max: number): Framed {
  const framer = new EventFramer(max)
  const events: Buffer[] = []
  const take = ({ bytes, ends }: { bytes: Buffer; ends: readonly number[] }): void => {
    let from = 0
    for (const end of ends) {
      events.push(Buffer.from(bytes.subarray(from, end)))
      from = end
    }
    assert.equal(from, bytes.length)
  }
  for (const chunk of chunks) {
    try {
      const whole = framer.push(chunk)
      if (whole) take(whole)
    } catch (error) {
      assert.ok(error instanceof EventTooLargeError, String(error))
      if (error.before) take(error.before)
      assert.throws(() => framer.push(Buffer.from('data: x\n\n')), EventTooLargeError)
      return { events, rest: Buffer.alloc(0), isTooLarge: true }
    }
    assert.ok(framer.heldBytes <= max)
  }
  return { events, rest: framer.end() ?? Buffer.alloc(0), isTooLarge: false }
}

test('an event stream is cut into the same events wherever its bytes are cut, and not a byte is lost', { timeout }, () => {
  const rounds = fuzz((dice) => {
    const bytes = stream(dice)
    const whole = framed([bytes], Infinity)
    const cut = framed(cutAnywhere(bytes, dice), Infinity)
    assert.deepEqual(cut, whole, JSON.stringify(bytes.toString('latin1')))
    assert.ok(Buffer.concat([...whole.events, whole.rest]).equals(bytes))
  })
  expect(rounds).toBeGreaterThan(0)
})

test('an event beyond the bound is refused wherever it is cut, and those before it are not lost', { timeout }, () => {
  const rounds = fuzz((dice) => {
    const bytes = stream(dice)
    const max = 1 + dice.below(60)
    const { events, rest } = framed([bytes], Infinity)
    const first = [...events, rest].findIndex((event) => event.length > max)
    const cut = framed(cutAnywhere(bytes, dice), max)
    assert.equal(cut.isTooLarge, first !== -1, JSON.stringify([bytes.toString('latin1'), max]))
    assert.deepEqual(cut.events, first === -1 ? events : events.slice(0, first))
  })
  expect(rounds).toBeGreaterThan(0)
})

test('what an event says does not depend on who reads it', { timeout }, () => {
  const rounds = fuzz((dice) => {
    for (const event of framed([stream(dice)], Infinity).events) {
      const data = dataOf(event)
      const { data: text } = decodeEvent(event)
      assert.equal(data === undefined ? '' : normal(data.toString()), text, JSON.stringify(event.toString('latin1')))
    }
  })
  expect(rounds).toBeGreaterThan(0)
})

/** Lines of data end in LF when they are joined, whatever they ended in. */
function normal(text: string): string {
  return text.replace(/\r$/, '')
}

test('what is written as an event is read as it was', { timeout }, () => {
  const rounds = fuzz((dice) => {
    const text = dice.some(8, () => dice.pick(['a', ' ', '\n', '\r', '\r\n', ':', 'data: ', '😀', '\u2028', '\0'])).join('')
    const name = dice.pick([undefined, 'ping', 'a: b', ' '])
    const bytes = encodeEvent(text, name)
    const { events, rest } = framed(cutAnywhere(bytes, dice), Infinity)
    assert.equal(rest.length, 0)
    assert.equal(events.length, 1, JSON.stringify(text))
    assert.equal(decodeEvent(events[0]!).data, text.replaceAll(/\r\n|\r/g, '\n'))
  })
  expect(rounds).toBeGreaterThan(0)
})
