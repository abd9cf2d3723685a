import { expect, test } from 'vitest'
import { Saw } from '../src/index.ts'
import { facts } from './recorded.ts'

const milliseconds = Number(process.env['SLUICE_FUZZ_MS'] ?? 0) // beyond the rounds that are always tried
const firstSeed = Number(process.env['SLUICE_FUZZ_SEED'] ?? 20_261_124)
const timeout = milliseconds * 2 + 10_000

type Json = null | boolean | number | string | Json[] | { [name: string]: Json }

function random(seed: number) {
  let state = seed
  const below = (limit: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * limit)
  }
  return { below, pick: <T>(list: readonly T[]): T => list[below(list.length)]! }
}

const names = [
  'usage',
  'error',
  'choices',
  'delta',
  'index',
  'content',
  'finish_reason',
  'prompt_tokens',
  'x_groq',
  'a"b',
  '',
]
const scalars: Json[] = [
  null,
  true,
  false,
  0,
  7,
  -1.5e3,
  '',
  'a',
  'stop',
  '"usage":{',
  '\\',
  '\\"',
  '}]',
  'é\u2028😀',
  'x'.repeat(200),
]

function value({ below, pick }: ReturnType<typeof random>, depth: number): Json {
  const kind = below(depth > 4 ? 1 : 3)
  if (kind === 0) return pick(scalars)
  const size = below(4)
  const inner = () => value({ below, pick }, depth + 1)
  if (kind === 1) return Array.from({ length: size }, inner)
  return Object.fromEntries(Array.from({ length: size }, () => [pick(names), inner()]))
}

/** A chunk of roughly the right shape, with anything anywhere. */
function chunk(dice: ReturnType<typeof random>): Json {
  const { below, pick } = dice
  const maybe = (right: Json): Json => (below(4) === 0 ? value(dice, 0) : right)
  const choice = (): Json => ({
    ...(below(2) ? { index: below(3) } : {}),
    delta: maybe({ [pick(['content', 'role', 'refusal', 'reasoning'])]: pick(['', 'a', '"']) }),
    finish_reason: maybe(pick([null, 'stop', ''])),
    [pick(names)]: value(dice, 2),
  })
  return {
    [pick(names)]: value(dice, 1),
    choices: maybe(Array.from({ length: below(3) }, choice)),
    ...(below(2) ? { usage: maybe({ prompt_tokens: 1, total_tokens: 2 }) } : {}),
    [pick(names)]: value(dice, 1),
  }
}

/** The bits of a chunk by its parsed value. */
function bitsOf(json: Json): number {
  const list = at(json, 'choices')
  const choices = Array.isArray(list) ? list.filter(isObject) : []
  const groq = at(json, 'x_groq')
  const usage = [at(json, 'usage'), at(groq, 'usage')].find(isObject)
  const errors = [json, groq, ...choices].map((owner) => at(owner, 'error'))
  let bits = 0
  if (choices.some((choice) => said.some((name) => isText(at(at(choice, 'delta'), name))))) bits |= Saw.content
  if (choices.some((choice) => isText(at(choice, 'finish_reason')))) bits |= Saw.finish
  if (counted.some((name) => typeof at(usage, name) === 'number')) {
    bits |= choices.length === 0 ? Saw.usage | Saw.usageOnly : Saw.usage
  }
  return errors.some(isFilled) ? (bits & ~Saw.usageOnly) | Saw.error : bits
}

const said = ['content', 'refusal', 'reasoning']
const counted = ['prompt_tokens', 'completion_tokens', 'total_tokens']

function at(json: Json | undefined, name: string): Json | undefined {
  return isObject(json) ? json[name] : undefined
}

function isObject(json: Json | undefined): json is { [name: string]: Json } {
  return typeof json === 'object' && json !== null && !Array.isArray(json)
}

function isText(json: Json | undefined): boolean {
  return typeof json === 'string' && json !== ''
}

function isFilled(json: Json | undefined): boolean {
  return isText(json) || (typeof json === 'object' && json !== null && Object.keys(json).length > 0)
}

/** Whether content is in parts, which the question above does not ask about. */
function hasParts(json: Json): boolean {
  const choices = at(json, 'choices')
  if (!Array.isArray(choices)) return false
  return choices.some((choice) =>
    said.some((name) => isFilled(at(at(choice, 'delta'), name)) && !isText(at(at(choice, 'delta'), name))),
  )
}

test('a chunk with anything anywhere is read as its parsed value says', { timeout }, () => {
  const end = performance.now() + milliseconds
  const seed = firstSeed
  const dice = random(seed)
  for (let round = 0; round < 10_000 || performance.now() < end; round++) {
    const json = chunk(dice)
    if (hasParts(json)) continue
    const data = JSON.stringify(json, null, dice.pick([0, 0, 1])).replaceAll('\n', dice.pick([' ', '\t', '\ndata: ']))
    const bits = facts('openai-chat')
      .openStream()
      .see(Buffer.from(`data: ${data}\n\n`))
    expect({ seed, round, data, bits }).toEqual({ seed, round, data, bits: bitsOf(json) })
  }
})

test('bytes that were damaged break no reader', { timeout }, () => {
  const end = performance.now() + milliseconds
  const dice = random(firstSeed)
  const marks = [...Buffer.from('"\\{}[],:\0\n')]
  const dialects = (['openai-chat', 'openai-responses', 'openai-embeddings', 'anthropic-messages'] as const).map(
    facts,
  )
  for (let round = 0; round < 3000 || performance.now() < end; round++) {
    const bytes = Buffer.from(`data: ${JSON.stringify(chunk(dice))}\n\n`)
    for (let hits = 1 + dice.below(4); hits > 0; hits--) bytes[dice.below(bytes.length)] = dice.pick(marks)
    const kinds = dialects.map((dialect) => [
      typeof dialect.openStream().see(bytes),
      typeof dialect.textOfEvent(bytes),
      typeof dialect.readAnswer([bytes.subarray(6)]).isJson,
      typeof dialect.textOf(bytes.subarray(6)),
    ])
    expect(new Set(kinds.flat())).toEqual(new Set(['number', 'string', 'boolean']))
  }
})
