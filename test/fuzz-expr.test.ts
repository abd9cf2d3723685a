import assert from 'node:assert/strict'
import { compileAddresses, compileBodyPath, compilePattern, compileRule, compileTemplate, ExprError, type Variable } from '@sluice/expr'
import { expect, test } from 'vitest'
import { damaged, fuzz, fuzzMs, type Dice } from './support/fuzz.ts'

const timeout = fuzzMs * 10 + 5000

type Context = Readonly<Record<string, unknown>>
const names = ['a', 'b', 'body', 'none', '__proto__', 'constructor']
const scalars = [null, true, false, 0, -1, 1.5, 1e300, '', 'a', 'ab', '1', ' 0x10 ', 'x'.repeat(50), '\0', '\ud800', '::1', '10.0.0.1', '10.0.0.0/8', '^a+$', '(a|b)*c']
const operators = ['==', '~=', '>', '>=', '<', '<=', '~~', '~*', 'in', 'IN', 'has', 'ipmatch']

/** Finds what the context holds under a name; one of them stands in the body, and two are nobody's. */
const variables = (name: string): Variable<Context> | undefined =>
  name === 'none' || name === '' ? undefined : { read: (context) => (Object.hasOwn(context, name) ? context[name] : undefined), ...(name === 'body' && { needsBody: true }) }

function json(dice: Dice, depth = 0): unknown {
  const kind = dice.below(depth > 2 ? 3 : 5)
  if (kind < 3) return dice.pick(scalars)
  if (kind === 3) return dice.some(4, () => json(dice, depth + 1))
  return Object.fromEntries(dice.some(4, () => [dice.pick([...names, 'c', 'é']), json(dice, depth + 1)]))
}

/** A rule as somebody may write it, mostly right. */
function rule(dice: Dice, depth = 0): unknown {
  if (dice.perhaps(3)) return dice.pick([json(dice), 'and', ['!'], [''], ['a', 'xor', 1], ['a', '!', '!', 1], [[[]]]])
  const inner = (): unknown => rule(dice, depth + 1)
  if (depth < 4 && dice.perhaps(35)) return dice.perhaps(50) ? dice.some(4, inner) : [dice.pick(['AND', 'OR', '!AND', '!OR']), inner(), inner()]
  const operand = dice.perhaps(30) ? dice.some(4, () => dice.pick(scalars)) : dice.pick(scalars)
  const parts = dice.perhaps(20) ? ['!', dice.pick(operators), operand] : [dice.pick(operators), operand]
  return [dice.pick(names), ...(dice.perhaps(10) ? [operand] : parts)]
}

/** What it throws on purpose is all that it may throw. */
function orRefused<T>(compile: () => T): T | undefined {
  try {
    return compile()
  } catch (error) {
    assert.ok(error instanceof ExprError && error.message !== '', String(error instanceof Error ? error.stack : error))
    return undefined
  }
}

test('a rule compiles or is refused with its place, and then has one answer to everything', { timeout }, () => {
  let compiled = 0
  const rounds = fuzz((dice) => {
    const written = rule(dice)
    const predicate = orRefused(() => compileRule(written, variables))
    if (!predicate) return
    compiled++
    for (let turn = 0; turn < 5; turn++) {
      const context = Object.fromEntries(dice.some(4, () => [dice.pick(names), json(dice)]))
      const answer: boolean = predicate.test(context)
      const early = predicate.testWithoutBody(context)
      const where = JSON.stringify([written, context])
      assert.equal(typeof answer, 'boolean')
      assert.equal(predicate.test(context), answer, where)
      assert.equal(early ?? answer, answer, where)
      assert.ok(predicate.needsBody || early !== undefined, where)
      // Routes are found by these: where one does not hold, the rule may not.
      const holds: boolean = predicate.equalities.every(({ variable, values }) => values.some((value) => compileRule([['v', '==', value]], () => ({ read: () => variable.read(context) })).test({})))
      assert.ok(holds || !answer, where)
    }
  })
  expect(compiled).toBeGreaterThan(rounds / 20)
})

const opening = ['a', 'b', 'c', '.', '[ab]', '[^a]', '(a|b)', '(?:ab)', '(a*)', '(b+|c)', '\\w', '\\d', '']
const closing = ['', '', '', '*', '+', '?', '{0,2}', '*?', '+?']

test('a pattern means what it means to everybody, in time that is linear in the text', { timeout }, () => {
  const rounds = fuzz((dice) => {
    const part = (): string => dice.pick(opening) + dice.pick(closing)
    const alternative = (): string => dice.some(4, part).join('')
    const source = `${dice.pick(['', '^'])}(?:${[alternative(), ...dice.some(2, alternative)].join('|')})${dice.pick(['', '$'])}`
    const ignoreCase = dice.perhaps(30)
    let reference: RegExp
    try {
      reference = new RegExp(source, ignoreCase ? 'i' : '')
    } catch {
      return void orRefused(() => compilePattern(source, { ignoreCase })) // such as two quantifiers in a row
    }
    const pattern = orRefused(() => compilePattern(source, { ignoreCase }))
    if (!pattern) return
    for (let turn = 0; turn < 10; turn++) {
      const text = dice.some(8, () => dice.pick(['a', 'b', 'c', 'A', '1', ' '])).join('')
      assert.equal(pattern.test(text), reference.test(text), JSON.stringify([source, text, ignoreCase]))
    }
    if (dice.perhaps(2)) pattern.test('ab'.repeat(2000))
  })
  expect(rounds).toBeGreaterThan(0)
})

test('a pattern of any characters compiles or is refused', { timeout }, () => {
  const pieces = [...'^$.|?*+()[]{}\\,-:=!<>&abAZ09 \n\0', '(?', '(?:', '(?=', '(?<a>', '\\p{L}', '\\x{10ffff}', '{1000}', '{2,', '[[:alpha:]]', '[^', '\\Q', '\\E', '\\b', '(?i)', '😀', '\ud800']
  const rounds = fuzz((dice) => {
    const source = dice.some(12, () => dice.pick(pieces)).join('')
    const pattern = orRefused(() => compilePattern(source, { ignoreCase: dice.perhaps(50) }))
    assert.equal(typeof (pattern?.test('aAbB09 \n\0😀') ?? false), 'boolean')
  })
  expect(rounds).toBeGreaterThan(0)
})

test('a body path compiles or is refused, and finds own members alone, or needs too many steps', { timeout }, () => {
  const pieces = ['a', 'b', 'c', '.', '..', '*', '[*]', '[0]', '[-1]', '[1:3]', '[::-1]', '[?@.a]', '[?@.a == 1]', '[?@..a]', '[?count(@..*) > 1]', '[?@ == $.a]', "['__proto__']", '.constructor', '[?match(@.a, "a.*")]', '[', ']', '?', '@', '$', "'", '"', '(', ')', ',', ' ', '1e9', 'é']
  let found = 0
  const rounds = fuzz((dice) => {
    const text = damaged(Buffer.from(dice.pick(['a', 'a.b', 'messages[*].role', '..a', '[?@.a]'])), dice, pieces).toString()
    const path = orRefused(() => compileBodyPath(text))
    if (!path || !('query' in path)) return
    const body = json(dice)
    const matches = orRefused(() => path.query(body))
    if (!matches) return
    found++
    assert.ok(matches.length > 0)
    for (const match of matches) assert.ok(match !== Object.prototype && typeof match !== 'function', text)
  })
  expect(rounds + found).toBeGreaterThan(0)
})

test('a template renders its own text and its values, each once', { timeout }, () => {
  const pieces = ['$', '${', '}', '{', '\\$', '\\', ' ', 'a', '$a', '${a}', '${b ?? x}', '${ none ?? ${a}}', '??', '$$', '${}', '\n', '😀']
  const rounds = fuzz((dice) => {
    const text = dice.some(12, () => dice.pick(pieces)).join('')
    const context = { a: '$b${b}', b: dice.pick(scalars), body: json(dice) }
    const template = compileTemplate(text, variables)
    const rendered = template.render(context)
    assert.deepEqual(template.renderCounted(context).text, rendered)
    assert.equal(compileTemplate(text, () => undefined).names.length, template.names.length)
    if (!text.includes('$')) assert.equal(rendered, text)
  })
  expect(rounds).toBeGreaterThan(0)
})

test('addresses compile or are refused, and hold what they hold', { timeout }, () => {
  const written = ['10.0.0.1', '10.0.0.0/8', '0.0.0.0/0', '::1', '::/0', 'fe80::1%eth0', '::ffff:10.0.0.1', '2001:db8::/32']
  const rounds = fuzz((dice) => {
    const text = dice.perhaps(50) ? dice.pick(written) : damaged(Buffer.from(dice.pick(written)), dice, ['.', ':', '/', '%', '0', '33', 'a', ' ', '\0']).toString('latin1')
    const addresses = orRefused(() => compileAddresses(dice.perhaps(50) ? text : [text, dice.pick(written)]))
    for (const address of [...written, text]) assert.equal(typeof (addresses?.includes(address) ?? false), 'boolean')
  })
  expect(rounds).toBeGreaterThan(0)
})
